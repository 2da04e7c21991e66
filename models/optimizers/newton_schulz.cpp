#include "models/optimizers/newton_schulz.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace syngrad {

namespace {

constexpr int newton_schulz_steps = 5;
constexpr float linear_coefficient = 3.4445f, cubic_coefficient = -4.7750f, quintic_coefficient = 2.0315f;

// Of the identity, after all steps.
constexpr float whole_linear_coefficient =
  linear_coefficient * linear_coefficient * linear_coefficient * linear_coefficient * linear_coefficient;

bool is_wide(const tensor& x) {
  return x.rows() <= x.columns();
}

// X X', or of a tall matrix X' X.
void write_square(stream& s, const tensor& x, tensor& square) {
  s.ops().matmul(s, {.a = x,
                     .transpose_a = is_wide(x) ? transpose::no : transpose::yes,
                     .b = x,
                     .transpose_b = is_wide(x) ? transpose::yes : transpose::no,
                     .c = square});
}

// out = a b + factor * plus
void multiply_add(stream& s, const tensor& a, const tensor& b, float factor, const tensor& plus, tensor& out,
                  float of_product = 1) {
  s.ops().copy(s, plus, out);
  s.ops().matmul(s, {.a = a,
                     .transpose_a = transpose::no,
                     .b = b,
                     .transpose_b = transpose::no,
                     .c = out,
                     .alpha = of_product,
                     .beta = factor});
}

// out = b A + c A A
void write_step(stream& s, const tensor& square, tensor& out) {
  multiply_add(s, square, square, cubic_coefficient, square, out, quintic_coefficient);
}

void divide_by_norm_of(stream& s, tensor& x, float factor, float least) {
  auto squared_norm = make_tensor(s, {1});
  s.ops().sum_squares(s, x, squared_norm);
  s.ops().divide_by_norm(s, squared_norm, factor, least, x);
}

} // namespace

void divide_by_own_norm(stream& s, tensor& x) {
  divide_by_norm_of(s, x, 1, 1e-7f);
}

tensor orthogonal_factor(stream& s, tensor x) {
  const auto side = std::min(x.rows(), x.columns());
  divide_by_own_norm(s, x);
  auto next = make_tensor(s, x.extents()), square = make_tensor(s, {side, side}), factor = make_tensor(s, {side, side});
  for (int step = 0; step < newton_schulz_steps; ++step) {
    write_square(s, x, square);
    write_step(s, square, factor);
    multiply_add(s, is_wide(x) ? factor : x, is_wide(x) ? x : factor, linear_coefficient, x, next);
    std::swap(x, next);
  }
  return x;
}

double floats_for_orthogonal_factor(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns));
  return static_cast<double>(rows) * static_cast<double>(columns) + 2 * side * side;
}

// With A = X X' of the x of a step and S = b A + c A A, that step multiplies by a I + S. All of these commute, so that
// A becomes (a I + S) (a I + S) A, and a product r I + Q becomes a r I + (a Q + r S + S Q).
void write_orthogonalizer(stream& s, const tensor& x, tensor& q) {
  const shape extents = q.extents();
  auto square = make_tensor(s, extents), step = make_tensor(s, extents), half = make_tensor(s, extents),
       next = make_tensor(s, extents);
  write_square(s, x, square);
  write_step(s, square, q);
  float whole = linear_coefficient;
  s.ops().copy(s, q, step);
  for (int i = 1; i < newton_schulz_steps; ++i) {
    multiply_add(s, step, square, linear_coefficient, square, half);
    multiply_add(s, step, half, linear_coefficient, half, square);
    write_step(s, square, step);
    multiply_add(s, step, q, whole, step, next);
    s.ops().add(s, q, linear_coefficient, next);
    s.ops().copy(s, next, q);
    whole *= linear_coefficient;
  }
}

tensor orthogonalized(stream& s, const tensor& x, const tensor& q) {
  auto out = make_tensor(s, x.extents());
  multiply_add(s, is_wide(x) ? q : x, is_wide(x) ? x : q, whole_linear_coefficient, x, out);
  divide_by_norm_of(s, out, 1 / std::sqrt(static_cast<float>(q.rows())), 1);
  return out;
}

double floats_for_orthogonalizer(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns));
  return std::max(4 * side * side, static_cast<double>(rows) * static_cast<double>(columns));
}

double multiply_adds_of_orthogonal_factor(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns)), length = static_cast<double>(std::max(rows, columns));
  return newton_schulz_steps * side * side * (2 * length + side);
}

double multiply_adds_of_orthogonalizer(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns)), length = static_cast<double>(std::max(rows, columns));
  return side * side * (length + (4 * newton_schulz_steps - 3) * side);
}

double multiply_adds_of_orthogonalized(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns)), length = static_cast<double>(std::max(rows, columns));
  return side * side * length;
}

} // namespace syngrad

#include "models/optimizers/newton_schulz.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <utility>

namespace syngrad {

namespace {

constexpr int newton_schulz_steps = 5;
constexpr float linear_coefficient = 3.4445f, cubic_coefficient = -4.7750f, quintic_coefficient = 2.0315f;

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

} // namespace

tensor orthogonal_factor(stream& s, tensor x) {
  const auto side = std::min(x.rows(), x.columns());
  auto squared_norm = make_tensor(s, {1});
  s.ops().sum_squares(s, x, squared_norm);
  s.ops().divide_by_norm(s, squared_norm, 1, 1e-7f, x);
  auto next = make_tensor(s, x.extents()), square = make_tensor(s, {side, side}), factor = make_tensor(s, {side, side});
  for (int step = 0; step < newton_schulz_steps; ++step) {
    write_square(s, x, square);
    write_step(s, square, factor);
    multiply_add(s, is_wide(x) ? factor : x, is_wide(x) ? x : factor, linear_coefficient, x, next);
    std::swap(x, next);
  }
  return x;
}

double multiply_adds_of_orthogonal_factor(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns)), length = static_cast<double>(std::max(rows, columns));
  return newton_schulz_steps * side * side * (2 * length + side);
}

} // namespace syngrad

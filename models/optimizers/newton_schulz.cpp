#include "models/optimizers/newton_schulz.hpp"

#include "runtime/operators.hpp"

#include <algorithm>
#include <utility>

namespace syngrad {

namespace {

constexpr int newton_schulz_steps = 5;
constexpr float linear_coefficient = 3.4445f, cubic_coefficient = -4.7750f, quintic_coefficient = 2.0315f;

void divide_by_own_norm(stream& s, tensor& x) {
  auto squared_norm = make_tensor(s, {1});
  s.ops().sum_squares(s, x, squared_norm);
  s.ops().divide_by_norm(s, squared_norm, x);
}

} // namespace

tensor orthogonal_factor(stream& s, tensor x) {
  const bool wide = x.rows() <= x.columns();
  const auto side = std::min(x.rows(), x.columns());
  divide_by_own_norm(s, x);
  auto next = make_tensor(s, x.extents()), square = make_tensor(s, {side, side}), factor = make_tensor(s, {side, side});
  for (int step = 0; step < newton_schulz_steps; ++step) {
    s.ops().matmul(s, {.a = x,
                       .transpose_a = wide ? transpose::no : transpose::yes,
                       .b = x,
                       .transpose_b = wide ? transpose::yes : transpose::no,
                       .c = square});
    s.ops().copy(s, square, factor);
    s.ops().matmul(s, {.a = square,
                       .transpose_a = transpose::no,
                       .b = square,
                       .transpose_b = transpose::no,
                       .c = factor,
                       .alpha = quintic_coefficient,
                       .beta = cubic_coefficient});
    s.ops().copy(s, x, next);
    s.ops().matmul(s, {.a = wide ? factor : x,
                       .transpose_a = transpose::no,
                       .b = wide ? x : factor,
                       .transpose_b = transpose::no,
                       .c = next,
                       .beta = linear_coefficient});
    std::swap(x, next);
  }
  return x;
}

double floats_for_orthogonal_factor(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns));
  return static_cast<double>(rows) * static_cast<double>(columns) + 2 * side * side;
}

} // namespace syngrad

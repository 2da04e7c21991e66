#include "models/optimizers/inverse_root.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace syngrad {

namespace {

// Of 1 / sqrt(x + small) from 0 to 1: the least of the largest relative errors, 0.07.
struct pole {
  float shift, weight;
};
constexpr pole poles_of_inverse_root[] = {{3.34711456e-3f, 8.91060654e-2f}, {4.26958225e-1f, 1.20042192f}};

bool is_lying(const tensor& x) {
  return x.rows() <= x.columns();
}

} // namespace

void write_inverse_root(stream& s, const tensor& x, tensor& root) {
  auto squared_norm = make_tensor(s, {1}), unit = make_tensor(s, x.extents()), square = make_tensor(s, root.extents());
  s.ops().sum_squares(s, x, squared_norm);
  s.ops().copy(s, x, unit);
  s.ops().divide_by_norm(s, squared_norm, 1, 1e-7f, unit);
  s.ops().matmul(s, {.a = unit,
                     .transpose_a = is_lying(x) ? transpose::no : transpose::yes,
                     .b = unit,
                     .transpose_b = is_lying(x) ? transpose::yes : transpose::no,
                     .c = square,
                     .exact = true});
  s.ops().fill(s, root, 0);
  for (const auto& each : poles_of_inverse_root) s.ops().add_shifted_inverse(s, square, each.shift, each.weight, root);
}

rooted times_root(stream& s, const tensor& x, const tensor& root) {
  rooted out{make_tensor(s, x.extents()), make_tensor(s, {1}), make_tensor(s, {1})};
  s.ops().sum_squares(s, x, out.squared_norm_of_x);
  s.ops().matmul(s, {.a = is_lying(x) ? root : x,
                     .transpose_a = transpose::no,
                     .b = is_lying(x) ? x : root,
                     .transpose_b = transpose::no,
                     .c = out.product,
                     .exact = true});
  s.ops().sum_squares(s, out.product, out.squared_norm);
  return out;
}

direction_scale rooted::scaled_by(float factor) const {
  direction_scale out(factor);
  out.first_square = &squared_norm_of_x;
  out.second_square = &squared_norm;
  out.part_of_second = 1 / std::sqrt(static_cast<float>(std::min(product.rows(), product.columns())));
  return out;
}

// An inverse takes two thirds of a product of its size.
double multiply_adds_of_inverse_root(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns)), length = static_cast<double>(std::max(rows, columns));
  return side * side * (length + static_cast<double>(std::size(poles_of_inverse_root)) * side * 2 / 3);
}

double multiply_adds_of_times_root(std::int64_t rows, std::int64_t columns) {
  const auto side = static_cast<double>(std::min(rows, columns)), length = static_cast<double>(std::max(rows, columns));
  return side * side * length;
}

} // namespace syngrad

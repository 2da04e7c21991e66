// y = x W^T (+ b), as several layers have it, with x [..., inputs], W [outputs, inputs], b [outputs]: backward.
#pragma once

#include "models/parameter.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

// dW = dy^T x, db = sum over the rows of dy; `bias` null: there is none. Added to what is there where `accumulate`.
inline void projection_parameters_backward(stream& s, const tensor& dy, const tensor& x, parameter& weight,
                                           parameter* bias, bool accumulate) {
  s.ops().matmul(s, {.a = dy,
                     .transpose_a = transpose::yes,
                     .b = x,
                     .transpose_b = transpose::no,
                     .c = weight.gradient,
                     .beta = accumulate ? 1.0f : 0.0f,
                     .sums_of_a = bias && !accumulate ? &bias->gradient : nullptr});
  if (bias && accumulate) s.ops().sum_rows(s, dy, 1, bias->gradient); // the sums within a product overwrite
}

// dx = dy W
inline tensor projection_input_backward(stream& s, const tensor& dy, const parameter& weight) {
  auto dx = make_tensor(s, dy.extents().with_features(weight.extents[1]));
  s.ops().matmul(s, {.a = dy, .transpose_a = transpose::no, .b = weight.value, .transpose_b = transpose::no, .c = dx});
  return dx;
}

} // namespace syngrad

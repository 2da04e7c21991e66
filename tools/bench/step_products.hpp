// The matrix products of one training step of a multilayer perceptron, in the layouts that the models use:
//
//   forward    y [batch, out] = x [batch, in] * W [out, in]^T
//   gradient   dW [out, in]   = dy^T * x
//   backward   dx [batch, in] = dy * W                           (not below the first layer)
//   predict    g [batch, n]   = h * P [n, n]^T                   (linear predictor at every hidden layer's output)
//   train      g again, then dP [n, n] = (g - target)^T * h
//
// Alone, on the same operators, they are the peak that a step is measured against.
#pragma once

#include "runtime/operators.hpp"

#include <cstdint>
#include <vector>

namespace syngrad::tools {

struct step_product {
  std::size_t a, b, c; // indices into step_products::buffers
  transpose transpose_a, transpose_b;
  float beta;    // 1 where bias and label terms were put into c before
  double flops;  // 2 m n k
  bool repeated; // the same product a second time: part of the step as it is run, not of what it needs
};

struct step_products {
  std::vector<shape> buffers;
  std::vector<step_product> list;

  double flops() const;        // of a step as it is run
  double needed_flops() const; // without what is repeated
};

// `widths`: of the input, of every hidden layer, of the classes.
step_products backpropagation_products(const std::vector<std::int64_t>& widths, std::int64_t batch);
// The same, and a linear predictor at every hidden layer's output.
step_products synthetic_linear_products(const std::vector<std::int64_t>& widths, std::int64_t batch);

} // namespace syngrad::tools

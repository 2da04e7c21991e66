// The operators of host devices: products and convolutions by oneDNN, the ridge solve by Eigen, the rest as vectorised
// loops.
//
// What is kept for each shape has a lock of its own, so one instance serves all streams. Each member puts one piece of
// host work on its stream, which holds raw addresses only: a device that runs its work late keeps the memory reserved
// (runtime/cpu/cpu_device.hpp).
#pragma once

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/tensor.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>

namespace syngrad::cpu {

class convolution_primitives;
std::shared_ptr<convolution_primitives> make_convolution_primitives();

class cpu_operators final : public operators {
public:
  cpu_operators();

  void matmul(stream&, const matmul_arguments&) override; // matmul.cpp

  void fill(stream&, tensor& target, float value) override; // elementwise.cpp
  void copy(stream&, const tensor& source, tensor& target) override;
  void copy_block(stream&, const tensor& source, tensor& target, std::int64_t row, std::int64_t column) override;
  void copy_block_transposed(stream&, const tensor& source, tensor& target, std::int64_t row,
                             std::int64_t column) override;
  void upload(stream&, const void* host_memory, tensor& target) override;
  void scale(stream&, tensor& target, float factor) override;
  void add(stream&, const tensor& source, float factor, tensor& target) override;
  void subtract(stream&, const tensor& a, const tensor& b, tensor& out) override;
  void relu(stream&, const tensor& x, tensor& y) override;
  void relu_backward(stream&, const tensor& dy, const tensor& y, tensor& dx) override;

  void batch_norm(stream&, const batch_norm_arguments&) override; // batch_norm.cpp
  void batch_norm_backward(stream&, const batch_norm_backward_arguments&) override;

  void fill_rows(stream&, const tensor* bias, const tensor* table, const tensor* labels,
                 tensor& y) override; // rows.cpp
  void sum_rows(stream&, const tensor& x, float beta, tensor& out, const tensor* guard) override;
  void sum_rows_by_label(stream&, const tensor& x, const tensor& labels, float beta, tensor& table,
                         const tensor* guard) override;
  void count_labels(stream&, const tensor& labels, float beta, tensor& counts) override;

  void softmax_cross_entropy(stream&, const cross_entropy_arguments&) override; // reductions.cpp

  void gather_rows(stream&, const tensor& source, const tensor& indices, float scale, tensor& out) override;
  void gather_labels(stream&, const tensor& source, const tensor& indices, tensor& out) override;
  void repeat_labels(stream&, const tensor& labels, std::int64_t times, tensor& out) override;
  void divide_rows(stream&, const tensor& x, const tensor& divisors, tensor& out) override;
  void scale_rows(stream&, const tensor& x, const tensor& factors, tensor& out) override;
  void limit_rows(stream&, tensor& x, const tensor& squares, float factor) override;

  void agreement(stream&, const tensor& a, const tensor& b, tensor& out) override; // reductions.cpp
  void sum_squares(stream&, const tensor& x, tensor& out) override;
  void zero_unless_finite(stream&, const tensor& guard, tensor& target) override;

  void sgd_step(stream&, const step_arguments&, tensor* velocity, float momentum,
                bool nesterov) override; // optimizer_steps.cpp
  void adam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1, float beta2,
                 float epsilon, std::int64_t step, bool decoupled) override;
  void nadam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1, float beta2,
                  float epsilon, std::int64_t step) override;
  void lion_step(stream&, const step_arguments&, tensor& moment, float beta1, float beta2) override;
  void adam8bit_step(stream&, const step_arguments&, const eight_bit_moments&, float beta1, float beta2, float epsilon,
                     std::int64_t step) override; // adam8bit.cpp
  void adafactor_step(stream&, const step_arguments&, tensor* row_means, tensor& column_means, float clip,
                      std::int64_t step) override; // adafactor.cpp
  void add_shifted_inverse(stream&, const tensor& a, float shift, float factor,
                           tensor& sum) override; // shifted_inverse.cpp
  void momentum_direction(stream&, const step_arguments&, tensor& velocity, float momentum, tensor& direction) override;
  void divide_by_norm(stream&, const tensor& squared_norm, float factor, float least, tensor& x) override;
  void direction_step(stream&, const step_arguments&, const tensor& direction, const direction_scale&) override;

  void solve_ridge(stream&, tensor& a, const tensor& b, ridge_weight, tensor& solution,
                   tensor& failed) override; // ridge_solve.cpp

  void dropout(stream&, const dropout_arguments&) override; // dropout.cpp
  void dropout_backward(stream&, const tensor& dy, const tensor& mask, float rate, tensor& dx) override;

  void lstm_step(stream&, const recurrent_step_arguments&) override; // recurrent.cpp
  void lstm_step_backward(stream&, const recurrent_step_backward_arguments&) override;
  void gru_step(stream&, const recurrent_step_arguments&) override;
  void gru_step_backward(stream&, const recurrent_step_backward_arguments&) override;

  void sum_branches(stream&, const tensor& a, const tensor& b, bool relu, tensor& y) override; // residual.cpp

  void choose_samples(stream&, const choose_samples_arguments&) override; // samples.cpp
  void gather_samples(stream&, const tensor& source, const tensor& samples, tensor& out) override;

  void conv2d(stream&, const conv2d_arguments&) override; // convolution.cpp
  void conv2d_backward(stream&, const conv2d_backward_arguments&) override;

  void max_pool2d(stream&, const tensor& x, const window2d&, tensor& y, tensor* positions) override; // pooling.cpp
  void max_pool2d_backward(stream&, const tensor& dy, const tensor& positions, const window2d&, tensor& dx) override;
  void avg_pool2d(stream&, const tensor& x, const window2d&, tensor& y) override;
  void avg_pool2d_backward(stream&, const tensor& dy, const window2d&, tensor& dx) override;

  void layer_norm(stream&, const layer_norm_arguments&) override; // layer_norm.cpp
  void layer_norm_backward(stream&, const layer_norm_backward_arguments&) override;
  void gelu(stream&, const tensor& x, gelu_approximation, tensor& y) override; // gelu.cpp
  void gelu_backward(stream&, const tensor& dy, const tensor& x, gelu_approximation, tensor& dx) override;
  void embedding(stream&, const embedding_arguments&) override; // embedding.cpp
  void embedding_backward(stream&, const tensor& dy, const tensor& tokens, bool accumulate, tensor& dweight) override;
  void attention(stream&, const attention_arguments&) override; // attention.cpp
  void attention_backward(stream&, const attention_backward_arguments&) override;

private:
  void product(stream&, const matmul_arguments&, float beta); // without what is fused into it

  bool pads_rows_; // see matmul.cpp
  std::shared_ptr<convolution_primitives> convolutions_ = make_convolution_primitives();
};

// ---- what the loops share

inline bool is_finite(float x) {
  return x - x == 0; // std::isfinite does not vectorise
}

// Whether work may change what lives longer than a batch: see the guards in runtime/operators.hpp. Read when the work
// is done. Null: it may.
inline bool lets_pass(const float* guard) {
  return !guard || is_finite(*guard);
}

// values = beta * values, where a zero beta does not read them.
inline void scale_or_clear(float* values, std::int64_t count, float beta) {
  if (beta == 0) {
    std::fill_n(values, count, 0.0f);
  } else if (beta != 1) {
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) values[i] *= beta;
  }
}

// Of a tensor that may be missing.
inline const float* address_of(const tensor* optional) {
  return optional ? optional->f32() : nullptr;
}

// Walks the rows of a matrix a few at a time, so that what belongs to a column (sums, factors) is loaded once for them
// all. Reading whole rows in order suits the prefetcher; the order of all sums is fixed.
//
// Calls kernel(constant<Group>, first_row) for each `Group` rows, then kernel(constant<1>, row) for the rest.
// A first-level cache has 8 to 12 ways: where a row is a multiple of 4 KiB, Group times the number of matrices read
// must stay below that.
template <int Group, class Kernel>
void for_row_groups(std::int64_t rows, Kernel kernel) {
  std::int64_t row = 0;
  for (; row + Group <= rows; row += Group) kernel(std::integral_constant<int, Group>{}, row);
  if constexpr (Group > 1)
    for (; row < rows; ++row) kernel(std::integral_constant<int, 1>{}, row);
}

} // namespace syngrad::cpu

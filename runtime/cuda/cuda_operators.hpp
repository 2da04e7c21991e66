// The operators of a CUDA device: products by cuBLASLt, convolutions as products, the ridge solve by cuSOLVER, the rest
// by the kernels of kernels/. Each checks what it enqueues; what breaks later is told by the next call on the device.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/cuda/matmul_plans.hpp"
#include "runtime/operators.hpp"

#include <memory>

namespace syngrad::cuda {

class cuda_operators final : public operators {
public:
  explicit cuda_operators(const cuda_options& options) : plans_(options) {}

  void matmul(stream&, const matmul_arguments&) override;

  void copy(stream&, const tensor& source, tensor& target) override;
  void upload(stream&, const void* host_memory, tensor& target) override;

  void fill(stream&, tensor& target, float value) override;
  void copy_block(stream&, const tensor& source, tensor& target, std::int64_t row, std::int64_t column) override;
  void copy_block_transposed(stream&, const tensor& source, tensor& target, std::int64_t row,
                             std::int64_t column) override;
  void scale(stream&, tensor& target, float factor) override;
  void add(stream&, const tensor& source, float factor, tensor& target) override;
  void subtract(stream&, const tensor& a, const tensor& b, tensor& out) override;
  void relu(stream&, const tensor& x, tensor& y) override;
  void relu_backward(stream&, const tensor& dy, const tensor& y, tensor& dx) override;
  void zero_unless_finite(stream&, const tensor& guard, tensor& target) override;

  void batch_norm(stream&, const batch_norm_arguments&) override;
  void batch_norm_backward(stream&, const batch_norm_backward_arguments&) override;

  void fill_rows(stream&, const tensor* bias, const tensor* table, const tensor* labels, tensor& y) override;
  void sum_rows(stream&, const tensor& x, float beta, tensor& out, const tensor* guard) override;
  void sum_rows_by_label(stream&, const tensor& x, const tensor& labels, float beta, tensor& table,
                         const tensor* guard) override;
  void count_labels(stream&, const tensor& labels, float beta, tensor& counts) override;
  void gather_rows(stream&, const tensor& source, const tensor& indices, float scale, tensor& out) override;
  void gather_labels(stream&, const tensor& source, const tensor& indices, tensor& out) override;
  void repeat_labels(stream&, const tensor& labels, std::int64_t times, tensor& out) override;
  void divide_rows(stream&, const tensor& x, const tensor& divisors, tensor& out) override;
  void scale_rows(stream&, const tensor& x, const tensor& factors, tensor& out) override;
  void limit_rows(stream&, tensor& x, const tensor& squares, float factor) override;

  void softmax_cross_entropy(stream&, const cross_entropy_arguments&) override;
  void agreement(stream&, const tensor& a, const tensor& b, tensor& out) override;
  void sum_squares(stream&, const tensor& x, tensor& out) override;

  void sgd_step(stream&, const step_arguments&, tensor* velocity, float momentum, bool nesterov) override;
  void adam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1, float beta2,
                 float epsilon, std::int64_t step, bool decoupled) override;
  void nadam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1, float beta2,
                  float epsilon, std::int64_t step) override;
  void lion_step(stream&, const step_arguments&, tensor& moment, float beta1, float beta2) override;
  void adam8bit_step(stream&, const step_arguments&, const eight_bit_moments&, float beta1, float beta2, float epsilon,
                     std::int64_t step) override; // small_moments_operators.cu
  void adafactor_step(stream&, const step_arguments&, tensor* row_means, tensor& column_means, float clip,
                      std::int64_t step) override;

  void momentum_direction(stream&, const step_arguments&, tensor& velocity, float momentum,
                          tensor& direction) override; // direction_operators.cu
  void divide_by_norm(stream&, const tensor& squared_norm, float factor, float least, tensor& x) override;
  void direction_step(stream&, const step_arguments&, const tensor& direction, const direction_scale&) override;
  void add_shifted_inverse(stream&, const tensor& a, float shift, float factor,
                           tensor& sum) override; // cuda_operators.cu

  void solve_ridge(stream&, tensor& a, const tensor& b, ridge_weight, tensor& solution, tensor& failed) override;

  void dropout(stream&, const dropout_arguments&) override; // dropout_operators.cu
  void dropout_backward(stream&, const tensor& dy, const tensor& mask, float rate, tensor& dx) override;

  void lstm_step(stream&, const recurrent_step_arguments&) override; // recurrent_operators.cu
  void lstm_step_backward(stream&, const recurrent_step_backward_arguments&) override;
  void gru_step(stream&, const recurrent_step_arguments&) override;
  void gru_step_backward(stream&, const recurrent_step_backward_arguments&) override;

  void sum_branches(stream&, const tensor& a, const tensor& b, bool relu, tensor& y) override; // residual_operators.cu

  void choose_samples(stream&, const choose_samples_arguments&) override; // sample_operators.cu
  void gather_samples(stream&, const tensor& source, const tensor& samples, tensor& out) override;

  void conv2d(stream&, const conv2d_arguments&) override; // convolution.cu
  void conv2d_backward(stream&, const conv2d_backward_arguments&) override;
  void max_pool2d(stream&, const tensor& x, const window2d&, tensor& y, tensor* positions) override;
  void max_pool2d_backward(stream&, const tensor& dy, const tensor& positions, const window2d&, tensor& dx) override;
  void avg_pool2d(stream&, const tensor& x, const window2d&, tensor& y) override;
  void avg_pool2d_backward(stream&, const tensor& dy, const window2d&, tensor& dx) override;

  void layer_norm(stream&, const layer_norm_arguments&) override; // transformer_operators.cu
  void layer_norm_backward(stream&, const layer_norm_backward_arguments&) override;
  void gelu(stream&, const tensor& x, gelu_approximation, tensor& y) override;
  void gelu_backward(stream&, const tensor& dy, const tensor& x, gelu_approximation, tensor& dx) override;
  void embedding(stream&, const embedding_arguments&) override;
  void embedding_backward(stream&, const tensor& dy, const tensor& tokens, bool accumulate, tensor& dweight) override;
  void attention(stream&, const attention_arguments&) override;
  void attention_backward(stream&, const attention_backward_arguments&) override;

private:
  matmul_plans plans_;
};

} // namespace syngrad::cuda

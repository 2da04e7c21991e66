// The operators of host devices: products by oneDNN, the ridge solve by Eigen, the rest as vectorised loops.
//
// Nothing changes once it is made, so one instance serves all streams. Each member puts one piece of host work on its
// stream, which holds raw addresses only: a device that runs its work late keeps the memory reserved
// (runtime/host_stream.hpp).
#pragma once

#include "runtime/operators.hpp"

namespace syngrad::cpu {

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

  void softmax_cross_entropy(stream&, const cross_entropy_arguments&) override; // softmax_cross_entropy.cpp

  void gather_rows(stream&, const tensor& source, const tensor& indices, float scale,
                   tensor& out) override; // gather.cpp
  void gather_labels(stream&, const tensor& source, const tensor& indices, tensor& out) override;

  void agreement(stream&, const tensor& a, const tensor& b, tensor& out) override; // reductions.cpp
  void sum_squares(stream&, const tensor& x, tensor& out) override;
  void zero_unless_finite(stream&, const tensor& guard, tensor& target) override;

  void sgd_step(stream&, const step_arguments&, tensor* velocity, float momentum,
                bool nesterov) override; // optimizer_steps.cpp
  void adam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1, float beta2,
                 float epsilon, std::int64_t step, bool decoupled) override;

  void solve_ridge(stream&, tensor& a, const tensor& b, float ridge, tensor& solution,
                   tensor& failed) override; // ridge_solve.cpp

private:
  void product(stream&, const matmul_arguments&, float beta); // without what is fused into it

  bool pads_rows_; // see matmul.cpp
};

} // namespace syngrad::cpu

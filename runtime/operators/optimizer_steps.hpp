// Steps of optimizers, of one element at a time. SGD's and Adam's stand in runtime/operators.hpp.
//
// Moments that an operator takes are f32, or bf16, all of them: rounded at random then, up or down with the
// probabilities that leave the expectation as it is, and the same in every run (runtime/rounding.hpp).
#pragma once

#include <cstdint>

namespace syngrad {

class stream;
class tensor;
struct step_arguments;    // runtime/optimizer_step.hpp
struct eight_bit_moments; // the same

class optimizer_step_operators {
public:
  // Adam with Nesterov's momentum (Dozat, 2016), as torch.optim.NAdam with decoupled weight decay: see
  // set_nadam_numbers(). `step` counts from 1.
  virtual void nadam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1,
                          float beta2, float epsilon, std::int64_t step) = 0;
  // The sign of a mean of gradients (Chen et al., arXiv 2302.06675), with decoupled weight decay:
  // value -= lr * (sign(beta1 m + (1 - beta1) g) + weight_decay * value), then m = beta2 m + (1 - beta2) g.
  virtual void lion_step(stream&, const step_arguments&, tensor& moment, float beta1, float beta2) = 0;
  // Adam with decoupled weight decay whose moments have 8 bits: runtime/eight_bits.hpp. `step` counts from 1.
  virtual void adam8bit_step(stream&, const step_arguments&, const eight_bit_moments&, float beta1, float beta2,
                             float epsilon, std::int64_t step) = 0;

  // Adafactor (Shazeer and Stern, arXiv 1804.04235), as torch.optim.Adafactor, of one parameter: a matrix
  // [rows, columns] with a mean of squares for each row and each column, or a vector with one for each element, where
  // `row_means` is null. With b = t^-0.8, means over the row (column):
  //
  //   row <- row + b (mean(g^2) - row),  column <- column + b (mean(g^2) - column),  v = row column / mean(row)
  //   u = g / sqrt(v),  value <- (1 - lr weight_decay) value - lr max(1e-3, rms(value)) u / max(1, rms(u) / clip)
  //
  // An element whose gradient cannot be applied is a zero in the means. `step` counts from 1.
  virtual void adafactor_step(stream&, const step_arguments&, tensor* row_means, tensor& column_means, float clip,
                              std::int64_t step) = 0;

protected:
  ~optimizer_step_operators() = default;
};

} // namespace syngrad

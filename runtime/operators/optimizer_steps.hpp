// Steps of optimizers, of one element at a time. SGD's and Adam's stand in runtime/operators.hpp.
#pragma once

#include <cstdint>

namespace syngrad {

class stream;
class tensor;
struct step_arguments; // runtime/operators.hpp

class optimizer_step_operators {
public:
  // Adam with Nesterov's momentum (Dozat, 2016), as torch.optim.NAdam with decoupled weight decay: see
  // set_nadam_numbers(). `step` counts from 1.
  virtual void nadam_step(stream&, const step_arguments&, tensor& first_moment, tensor& second_moment, float beta1,
                          float beta2, float epsilon, std::int64_t step) = 0;
  // The sign of a mean of gradients (Chen et al., arXiv 2302.06675), with decoupled weight decay:
  // value -= lr * (sign(beta1 m + (1 - beta1) g) + weight_decay * value), then m = beta2 m + (1 - beta2) g.
  virtual void lion_step(stream&, const step_arguments&, tensor& moment, float beta1, float beta2) = 0;

protected:
  ~optimizer_step_operators() = default;
};

} // namespace syngrad

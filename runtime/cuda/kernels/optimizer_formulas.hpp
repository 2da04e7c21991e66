// What an optimizer does to one element. What differs from step to step comes with each call, for it may lie in device
// memory.
#pragma once

#include "runtime/cuda/kernels/host_device.hpp"
#include "runtime/step_numbers.hpp"

#include <cmath>
#include <cstdint>

namespace syngrad::cuda::kernels {

struct plain_rule {
  float* value;
  float decay;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient, const step_numbers& now) const {
    value[i] -= now.learning_rate * (gradient + decay * value[i]);
  }
};

// The direction is ahead * g + along * velocity: (0, 1) is plain momentum, (1, momentum) is Nesterov's.
struct momentum_rule {
  float *value, *velocity;
  float decay, momentum, ahead, along;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient, const step_numbers& now) const {
    const auto g = gradient + decay * value[i];
    const auto moved = momentum * velocity[i] + g;
    velocity[i] = moved;
    value[i] -= now.learning_rate * (ahead * g + along * moved);
  }
};

struct adam_rule {
  float *value, *first, *second;
  float beta1, beta2, epsilon;
  float coupled_decay; // added to the gradient
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient, const step_numbers& now) const {
    const auto g = gradient + coupled_decay * value[i];
    const auto m = beta1 * first[i] + (1 - beta1) * g;
    const auto v = beta2 * second[i] + (1 - beta2) * (g * g);
    first[i] = m;
    second[i] = v;
    value[i] = now.keep * value[i] - now.size * m / (std::sqrt(v) * now.root_factor + epsilon);
  }
};

} // namespace syngrad::cuda::kernels

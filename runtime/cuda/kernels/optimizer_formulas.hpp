// What an optimizer does to one element.
#pragma once

#include "runtime/cuda/host_device.hpp"

#include <cmath>
#include <cstdint>

namespace syngrad::cuda::kernels {

struct plain_rule {
  float* value;
  float rate, decay;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient) const {
    value[i] -= rate * (gradient + decay * value[i]);
  }
};

// The direction is ahead * g + along * velocity: (0, 1) is plain momentum, (1, momentum) is Nesterov's.
struct momentum_rule {
  float *value, *velocity;
  float rate, decay, momentum, ahead, along;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient) const {
    const auto g = gradient + decay * value[i];
    const auto moved = momentum * velocity[i] + g;
    velocity[i] = moved;
    value[i] -= rate * (ahead * g + along * moved);
  }
};

// What of Adam is the same for all elements of a step.
struct adam_numbers {
  float beta1, beta2, epsilon;
  float size;          // learning rate / (1 - beta1^t)
  float root_factor;   // 1 / sqrt(1 - beta2^t)
  float coupled_decay; // added to the gradient
  float keep;          // decoupled: what is left of the value
};

// In double: 1 - beta2^t has few digits left in float.
inline adam_numbers adam_numbers_of(float learning_rate, float weight_decay, float beta1, float beta2, float epsilon,
                                    std::int64_t step, bool decoupled) {
  const auto correction = [step](float beta) {
    return 1 - std::pow(static_cast<double>(beta), static_cast<double>(step));
  };
  return {beta1,
          beta2,
          epsilon,
          static_cast<float>(static_cast<double>(learning_rate) / correction(beta1)),
          static_cast<float>(1 / std::sqrt(correction(beta2))),
          decoupled ? 0.0f : weight_decay,
          decoupled ? 1.0f - learning_rate * weight_decay : 1.0f};
}

struct adam_rule {
  float *value, *first, *second;
  adam_numbers with;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient) const {
    const auto g = gradient + with.coupled_decay * value[i];
    const auto m = with.beta1 * first[i] + (1 - with.beta1) * g;
    const auto v = with.beta2 * second[i] + (1 - with.beta2) * (g * g);
    first[i] = m;
    second[i] = v;
    value[i] = with.keep * value[i] - with.size * m / (std::sqrt(v) * with.root_factor + with.epsilon);
  }
};

} // namespace syngrad::cuda::kernels

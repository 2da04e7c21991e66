// What of an optimizer's step differs from one step to the next. In device memory it makes a step that can be recorded:
// the host uploads the numbers of the step to come, and replays.
#pragma once

#include <cmath>
#include <cstdint>

namespace syngrad {

struct step_numbers {
  const float* guard = nullptr; // device addresses, both; see step_arguments
  float* nonfinite = nullptr;
  float scale = 1;
  float learning_rate = 0;
  // Of Adam.
  float size = 0;        // learning rate / (1 - beta1^t)
  float root_factor = 0; // 1 / sqrt(1 - beta2^t)
  float keep = 1;        // decoupled weight decay: what is left of the value
};

// Fills in what is Adam's. `step` counts from 1. In double: 1 - beta2^t has few digits left in float.
inline void set_adam_numbers(step_numbers& of, float weight_decay, float beta1, float beta2, std::int64_t step,
                             bool decoupled) {
  const auto correction = [step](float beta) {
    return 1 - std::pow(static_cast<double>(beta), static_cast<double>(step));
  };
  of.size = static_cast<float>(static_cast<double>(of.learning_rate) / correction(beta1));
  of.root_factor = static_cast<float>(1 / std::sqrt(correction(beta2)));
  of.keep = decoupled ? 1.0f - of.learning_rate * weight_decay : 1.0f;
}

} // namespace syngrad

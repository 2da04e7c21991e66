// What the operators of optimizers take: the numbers of a step, what it works on, and how.
#pragma once

#include "runtime/tensor.hpp"

#include <cmath>
#include <cstdint>

namespace syngrad {

// What of an optimizer's step differs from one step to the next. In device memory it makes a step that can be recorded:
// the host uploads the numbers of the step to come, and replays.
struct step_numbers {
  const float* guard = nullptr; // device addresses, both; see step_arguments
  float* nonfinite = nullptr;
  float scale = 1;
  float learning_rate = 0;
  // Of Adam and NAdam.
  float size = 0;          // what the first moment counts: of Adam learning rate / (1 - beta1^t); of Adafactor: what
                           // the latest gradient counts in its means
  float gradient_size = 0; // of NAdam: what the gradient itself counts
  float root_factor = 0;   // 1 / sqrt(1 - beta2^t)
  float keep = 1;          // what decoupled weight decay leaves of the value; of a step that has one
  // Where there is a norm to clip by; see step_arguments.
  const float* squared_norm = nullptr; // device address
  float largest_norm = 0;
  std::uint32_t rounding = 0; // of moments in fewer bits: rounding_key()
};

// What a gradient is multiplied by so that its norm, `scale` times the root of `squared_norm`, is at most `largest`: as
// torch.nn.utils.clip_grad_norm_ has it. 1: it stays as it is. (In kernels: clipped_scale.)
inline float clip_factor(float squared_norm, float scale, float largest) {
  const auto factor = largest / (scale * std::sqrt(squared_norm) + 1e-6f);
  return factor < 1 ? factor : 1.0f;
}

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

// Fills in what is NAdam's: with mu(t) = beta1 (1 - 0.96^(0.004 t) / 2) and their product M(t) up to mu(t)
//
//   value -= lr (1 - mu(t)) / (1 - M(t)) g / d + lr mu(t + 1) / (1 - M(t + 1)) m / d,  d = sqrt(v / (1 - beta2^t)) +
//   epsilon
inline void set_nadam_numbers(step_numbers& of, float weight_decay, float beta1, float beta2, std::int64_t step) {
  const auto mu = [beta1](std::int64_t t) {
    return static_cast<double>(beta1) * (1 - 0.5 * std::pow(0.96, 0.004 * static_cast<double>(t)));
  };
  double product = 1;
  for (std::int64_t t = 1; t <= step && product > 1e-20; ++t) product *= mu(t); // the rest changes nothing
  const double rate = static_cast<double>(of.learning_rate), now = mu(step), next = mu(step + 1);
  set_adam_numbers(of, weight_decay, beta1, beta2, step, true);
  of.gradient_size = static_cast<float>(rate * (1 - now) / (1 - product));
  of.size = static_cast<float>(rate * next / (1 - product * next));
}

// Of Adafactor: below these a mean of squares (its root) and the root mean square of a parameter count as they are.
inline constexpr float adafactor_least = 0x1p-23f, adafactor_least_scale = 1e-3f;

// Fills in what is Adafactor's. `step` counts from 1.
inline void set_adafactor_numbers(step_numbers& of, float weight_decay, std::int64_t step) {
  of.size = static_cast<float>(std::pow(static_cast<double>(step), -0.8));
  of.keep = 1.0f - of.learning_rate * weight_decay;
}

// One optimizer step over equally shaped vectors. The gradient is multiplied by `scale` first.
// An element whose gradient is not finite, or too large to be squared (Adam's second moment would be infinite for
// ever), is left as it is and counted in `nonfinite`. Where `guard` (a scalar, may be null) is not finite, nothing is
// applied at all. Where `squared_norm` is given, a scalar, the gradient is one of several parts that together have it:
// they are clipped to `largest_norm` by clip_factor(). Where it is not finite, elements are counted, and nothing is
// applied.
// Where `numbers` are given, a step_numbers in device memory, they are read when the step is done, and not `scale`,
// `learning_rate`, `guard`, `nonfinite`, both norms and, of Adam, `step`: such a step may be recorded. A weight decay
// of zero is none, whatever the numbers say.
struct step_arguments {
  tensor& value;
  const tensor& gradient;
  float scale;
  float learning_rate;
  float weight_decay;
  const tensor* guard;
  tensor* nonfinite;               // f32 scalar, incremented; may be null
  const tensor* numbers = nullptr; // u8
  const tensor* squared_norm = nullptr;
  float largest_norm = 0;
  std::uint32_t rounding = 0;     // see step_numbers
  std::int64_t first_element = 0; // of its layer, that `value` begins with: by it and `rounding` moments are rounded
};

// What all steps have, of step_arguments or of what they are made of.
template <class Step>
step_numbers numbers_of_step(const Step& of) {
  step_numbers out;
  out.guard = of.guard ? of.guard->f32() : nullptr;
  out.nonfinite = of.nonfinite ? of.nonfinite->f32() : nullptr;
  out.scale = of.scale;
  out.learning_rate = of.learning_rate;
  out.squared_norm = of.squared_norm ? of.squared_norm->f32() : nullptr;
  out.largest_norm = of.largest_norm;
  out.rounding = of.rounding;
  return out;
}

// The moments of one Adam, by blocks of eight_bit_block elements.
struct eight_bit_moments {
  tensor &first, &second;               // u8, of each element
  tensor &first_scales, &second_scales; // of each block
};

// What a direction is multiplied by: the factor, divided by the largest of 1e-7, the first of these norms, and the
// second times its part, where there are any. They are given as squares, scalars.
struct direction_scale {
  direction_scale(float its_factor) : factor(its_factor) {}
  float factor;
  const tensor *first_square = nullptr, *second_square = nullptr;
  float part_of_second = 0;
};

} // namespace syngrad

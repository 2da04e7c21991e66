// What the optimizer steps of this folder share: what they work on, and which gradients can be applied.
//
// Each step is one vectorised pass, in blocks: a block whose gradients can all be applied takes no further test.
// Selecting each element's old or new value instead makes the compiler mask its stores, which some processors do ten
// times slower.
#pragma once

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cstdint>

namespace syngrad::cpu {

struct step_addresses {
  float* value;
  const float* gradient;
  std::int64_t count;
  float weight_decay;
  std::int64_t first_element;
  step_numbers given;
  const step_numbers* in_memory; // or null

  const step_numbers& now() const { return in_memory ? *in_memory : given; } // when the step is done
};

inline step_addresses addresses(const step_arguments& of) {
  assert(of.value.elements() == of.gradient.elements());
  const auto* in_memory = of.numbers ? reinterpret_cast<const step_numbers*>(of.numbers->u8()) : nullptr;
  return {of.value.f32(),      of.gradient.f32(), of.value.elements(), of.weight_decay, of.first_element,
          numbers_of_step(of), in_memory};
}

constexpr std::int64_t step_block = 1024; // gradients are still in L1 when they are read again

inline bool applicable(float gradient) {
  return is_finite(gradient * gradient);
}

inline std::int64_t count_inapplicable(const float* gradient, std::int64_t count, float scale) {
  std::int32_t found = 0;
#pragma omp simd reduction(+ : found)
  for (std::int64_t i = 0; i < count; ++i) found += applicable(scale * gradient[i]) ? 0 : 1;
  return found;
}

// What gradients are multiplied by.
inline float applied_scale(const step_numbers& now) {
  if (!now.squared_norm || !lets_pass(now.squared_norm)) return now.scale;
  return now.scale * clip_factor(*now.squared_norm, now.scale, now.largest_norm);
}

// Calls update(i, scaled gradient) for each element whose gradient can be applied.
template <class Update>
void for_applicable_gradients(const step_addresses& to, const step_numbers& now, Update update) {
  if (!lets_pass(now.guard)) return;
  const auto* gradient = to.gradient;
  const bool applies = lets_pass(now.squared_norm);
  const auto scale = applied_scale(now);
  std::int64_t skipped = 0;
  for (std::int64_t first = 0; first < to.count; first += step_block) {
    const auto end = std::min(to.count, first + step_block);
    const auto inapplicable = count_inapplicable(gradient + first, end - first, scale);
    skipped += inapplicable;
    if (!applies) continue;
    if (inapplicable == 0) {
#pragma omp simd
      for (auto i = first; i < end; ++i) update(i, scale * gradient[i]);
    } else {
      for (auto i = first; i < end; ++i)
        if (applicable(scale * gradient[i])) update(i, scale * gradient[i]);
    }
  }
  if (now.nonfinite) *now.nonfinite += static_cast<float>(skipped);
}

} // namespace syngrad::cpu

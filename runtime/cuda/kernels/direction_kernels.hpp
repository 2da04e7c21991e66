// Steps along a direction that is made of the gradient of a whole matrix.
#pragma once

#include "runtime/cuda/kernels/optimizer_kernels.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

// As step_kernel has it, but every element gets a direction.
struct momentum_direction_kernel {
  using value = float; // number of elements whose gradient cannot be applied

  const float* gradient;
  float *velocity, *direction;
  std::int64_t count;
  float momentum;
  step_numbers given;
  const step_numbers* in_memory; // instead of `given`, unless null

  SYNGRAD_HOST_DEVICE step_numbers now() const { return in_memory ? *in_memory : given; }

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& skipped, std::int64_t block, std::int64_t i) const {
    const auto at = block * stepped_block + i;
    if (at >= count) return;
    const auto with = now();
    const bool counts = lets_pass(with.guard), applies = counts && lets_pass(with.squared_norm);
    const auto g = (applies ? clipped_scale(with) : with.scale) * gradient[at];
    const bool fits = is_finite(g * g);
    if (counts && !fits) skipped += 1;
    if (!applies || !fits) {
      direction[at] = momentum * velocity[at];
      return;
    }
    const auto moved = momentum * velocity[at] + g;
    velocity[at] = moved;
    direction[at] = g + momentum * moved;
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, float skipped) const {
    if (skipped == 0) return;
    if (auto* const nonfinite = now().nonfinite) add_count(nonfinite, skipped);
  }
};

struct divide_by_norm_kernel {
  const float* squared_norm;
  float factor, least;
  float* x;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const auto divisor = factor * std::sqrt(*squared_norm);
    x[i] /= divisor > least ? divisor : least;
  }
};

struct direction_step_kernel {
  float* value;
  const float* direction;
  float factor, decay;
  step_numbers given;
  const step_numbers* in_memory;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const auto now = in_memory ? *in_memory : given;
    if (!lets_pass(now.guard) || !lets_pass(now.squared_norm)) return;
    value[i] -= now.learning_rate * (factor * direction[i] + decay * value[i]);
  }
};

inline const step_numbers* numbers_in_memory(const step_arguments& of) {
  return of.numbers ? reinterpret_cast<const step_numbers*>(of.numbers->u8()) : nullptr;
}

template <class Launcher>
void momentum_direction(Launcher& on, const step_arguments& of, tensor& velocity, float momentum, tensor& direction) {
  const auto count = of.gradient.elements();
  assert(velocity.elements() == count && direction.elements() == count);
  on.reduce_rows((count + stepped_block - 1) / stepped_block, stepped_block,
                 momentum_direction_kernel{of.gradient.f32(), velocity.f32(), direction.f32(), count, momentum,
                                           given_numbers(of), numbers_in_memory(of)});
}

template <class Launcher>
void divide_by_norm(Launcher& on, const tensor& squared_norm, float factor, float least, tensor& x) {
  assert(squared_norm.elements() == 1);
  on.each(x.elements(), divide_by_norm_kernel{squared_norm.f32(), factor, least, x.f32()});
}

template <class Launcher>
void direction_step(Launcher& on, const step_arguments& of, const tensor& direction, float factor) {
  assert(direction.elements() == of.value.elements());
  on.each(of.value.elements(), direction_step_kernel{of.value.f32(), direction.f32(), factor, of.weight_decay,
                                                     given_numbers(of), numbers_in_memory(of)});
}

} // namespace syngrad::cuda::kernels

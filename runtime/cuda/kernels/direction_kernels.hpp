// Steps along a direction that is made of the gradient of a whole matrix.
#pragma once

#include "runtime/cuda/kernels/optimizer_kernels.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

template <class Moment>
struct momentum_direction_rule {
  Moment velocity;
  float* direction;
  std::int64_t first_element;
  float momentum;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float g, const step_numbers& now) const {
    const auto moved = momentum * velocity.load(i) + g;
    velocity.store(i, moved, moment_bits<Moment>(now.rounding, first_element, i));
    direction[i] = g + momentum * moved;
  }
  SYNGRAD_HOST_DEVICE void leave(std::int64_t i) const { direction[i] = momentum * velocity.load(i); }
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
  float factor;
  const float *first_square, *second_square; // may be null, both
  float part_of_second, decay;
  step_numbers given;
  const step_numbers* in_memory;

  SYNGRAD_HOST_DEVICE float scale() const {
    if (!first_square && !second_square) return factor;
    const auto first = first_square ? std::sqrt(*first_square) : 0.0f,
               second = second_square ? part_of_second * std::sqrt(*second_square) : 0.0f,
               larger = first > second ? first : second;
    return factor / (larger > 1e-7f ? larger : 1e-7f);
  }
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const auto now = in_memory ? *in_memory : given;
    if (!lets_pass(now.guard) || !lets_pass(now.squared_norm)) return;
    value[i] -= now.learning_rate * (scale() * direction[i] + decay * value[i]);
  }
};

template <class Launcher>
void momentum_direction(Launcher& on, const step_arguments& of, tensor& velocity, float momentum, tensor& direction) {
  assert(velocity.elements() == of.gradient.elements() && direction.elements() == of.gradient.elements());
  const auto go = [&]<class Moment>(Moment moving) {
    step(on, of, numbers_of_step(of),
         momentum_direction_rule<Moment>{moving, direction.f32(), of.first_element, momentum});
  };
  with_moments(go, velocity);
}

template <class Launcher>
void divide_by_norm(Launcher& on, const tensor& squared_norm, float factor, float least, tensor& x) {
  assert(squared_norm.elements() == 1);
  on.each(x.elements(), divide_by_norm_kernel{squared_norm.f32(), factor, least, x.f32()});
}

template <class Launcher>
void direction_step(Launcher& on, const step_arguments& of, const tensor& direction, const direction_scale& by) {
  assert(direction.elements() == of.value.elements());
  on.each(of.value.elements(),
          direction_step_kernel{of.value.f32(), direction.f32(), by.factor,
                                by.first_square ? by.first_square->f32() : nullptr,
                                by.second_square ? by.second_square->f32() : nullptr, by.part_of_second,
                                of.weight_decay, numbers_of_step(of), numbers_in_memory(of)});
}

} // namespace syngrad::cuda::kernels

// One optimizer step over an arena in one launch. A block of threads takes a block of elements and counts those whose
// gradient cannot be applied: it is not finite, or too large to be squared.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/operators.hpp"

#include <cmath>
#include <cstdint>

namespace syngrad::cuda::kernels {

// ---- what an optimizer does to one element; the numbers of a step may lie in device memory, so they come with each
// call

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
  bool decays;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient, const step_numbers& now) const {
    const auto g = gradient + coupled_decay * value[i];
    const auto m = beta1 * first[i] + (1 - beta1) * g;
    const auto v = beta2 * second[i] + (1 - beta2) * (g * g);
    first[i] = m;
    second[i] = v;
    const auto keep = decays ? now.keep : 1.0f;
    value[i] = keep * value[i] - now.size * m / (std::sqrt(v) * now.root_factor + epsilon);
  }
};

struct nadam_rule {
  float *value, *first, *second;
  float beta1, beta2, epsilon;
  bool decays;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float g, const step_numbers& now) const {
    const auto m = beta1 * first[i] + (1 - beta1) * g;
    const auto v = beta2 * second[i] + (1 - beta2) * (g * g);
    first[i] = m;
    second[i] = v;
    const auto keep = decays ? now.keep : 1.0f;
    value[i] = keep * value[i] - (now.gradient_size * g + now.size * m) / (std::sqrt(v) * now.root_factor + epsilon);
  }
};

struct lion_rule {
  float *value, *moment;
  float beta1, beta2, decay;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float g, const step_numbers& now) const {
    const auto mean = beta1 * moment[i] + (1 - beta1) * g;
    const auto sign = mean > 0 ? 1.0f : mean < 0 ? -1.0f : 0.0f;
    value[i] -= now.learning_rate * (sign + decay * value[i]);
    moment[i] = beta2 * moment[i] + (1 - beta2) * g;
  }
};

// ---- the step

// clip_factor(), on the device.
SYNGRAD_HOST_DEVICE inline float clipped_scale(const step_numbers& now) {
  if (!now.squared_norm) return now.scale;
  const auto factor = now.largest_norm / (now.scale * std::sqrt(*now.squared_norm) + 1e-6f);
  return factor < 1 ? now.scale * factor : now.scale;
}

constexpr std::int64_t stepped_block = 1024; // elements that one block of threads updates

// Rule: void operator()(element, scaled gradient, numbers of the step) const.
template <class Rule>
struct step_kernel {
  using value = float; // number of elements left as they were

  const float* gradient;
  std::int64_t count;
  step_numbers given;
  const step_numbers* in_memory; // instead of `given`, unless null
  Rule rule;

  SYNGRAD_HOST_DEVICE step_numbers now() const { return in_memory ? *in_memory : given; }

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& skipped, std::int64_t block, std::int64_t i) const {
    const auto at = block * stepped_block + i;
    if (at >= count) return;
    const auto with = now();
    if (!lets_pass(with.guard)) return;
    const bool applies = lets_pass(with.squared_norm);
    const auto scaled = (applies ? clipped_scale(with) : with.scale) * gradient[at];
    if (!is_finite(scaled * scaled))
      skipped += 1;
    else if (applies)
      rule(at, scaled, with);
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, float skipped) const {
    if (skipped == 0) return;
    if (auto* const nonfinite = now().nonfinite) add_count(nonfinite, skipped);
  }
};

inline step_numbers given_numbers(const step_arguments& of) {
  step_numbers out;
  out.guard = of.guard ? of.guard->f32() : nullptr;
  out.nonfinite = of.nonfinite ? of.nonfinite->f32() : nullptr;
  out.scale = of.scale;
  out.learning_rate = of.learning_rate;
  out.squared_norm = of.squared_norm ? of.squared_norm->f32() : nullptr;
  out.largest_norm = of.largest_norm;
  return out;
}

template <class Launcher, class Rule>
void step(Launcher& on, const step_arguments& of, const step_numbers& given, const Rule& rule) {
  assert(of.value.elements() == of.gradient.elements());
  const auto count = of.value.elements();
  const auto* in_memory = of.numbers ? reinterpret_cast<const step_numbers*>(of.numbers->u8()) : nullptr;
  on.reduce_rows((count + stepped_block - 1) / stepped_block, stepped_block,
                 step_kernel<Rule>{of.gradient.f32(), count, given, in_memory, rule});
}

template <class Launcher>
void sgd_step(Launcher& on, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) {
  assert((momentum == 0 || velocity) && "momentum needs a velocity");
  if (momentum == 0)
    step(on, of, given_numbers(of), plain_rule{of.value.f32(), of.weight_decay});
  else
    step(on, of, given_numbers(of),
         momentum_rule{of.value.f32(), velocity->f32(), of.weight_decay, momentum, nesterov ? 1.0f : 0.0f,
                       nesterov ? momentum : 1.0f});
}

template <class Launcher>
void adam_step(Launcher& on, const step_arguments& of, tensor& first_moment, tensor& second_moment, float beta1,
               float beta2, float epsilon, std::int64_t number, bool decoupled) {
  assert(first_moment.elements() == of.value.elements() && second_moment.elements() == of.value.elements());
  assert(of.numbers || number >= 1);
  auto given = given_numbers(of);
  if (!of.numbers) set_adam_numbers(given, of.weight_decay, beta1, beta2, number, decoupled);
  step(on, of, given,
       adam_rule{of.value.f32(), first_moment.f32(), second_moment.f32(), beta1, beta2, epsilon,
                 decoupled ? 0.0f : of.weight_decay, of.weight_decay != 0});
}

template <class Launcher>
void nadam_step(Launcher& on, const step_arguments& of, tensor& first_moment, tensor& second_moment, float beta1,
                float beta2, float epsilon, std::int64_t number) {
  assert(first_moment.elements() == of.value.elements() && second_moment.elements() == of.value.elements());
  assert(of.numbers || number >= 1);
  auto given = given_numbers(of);
  if (!of.numbers) set_nadam_numbers(given, of.weight_decay, beta1, beta2, number);
  step(
    on, of, given,
    nadam_rule{of.value.f32(), first_moment.f32(), second_moment.f32(), beta1, beta2, epsilon, of.weight_decay != 0});
}

template <class Launcher>
void lion_step(Launcher& on, const step_arguments& of, tensor& moment, float beta1, float beta2) {
  assert(moment.elements() == of.value.elements());
  step(on, of, given_numbers(of), lion_rule{of.value.f32(), moment.f32(), beta1, beta2, of.weight_decay});
}

} // namespace syngrad::cuda::kernels

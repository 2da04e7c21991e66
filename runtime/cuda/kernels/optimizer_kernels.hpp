// One optimizer step over an arena in one launch. A block of threads takes a block of elements and counts those whose
// gradient cannot be applied: it is not finite, or too large to be squared.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/operators.hpp"
#include "runtime/rounding.hpp"

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
template <class Moment>
struct momentum_rule {
  float* value;
  Moment velocity;
  std::int64_t first_element;
  float decay, momentum, ahead, along;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient, const step_numbers& now) const {
    const auto g = gradient + decay * value[i];
    const auto moved = momentum * velocity.load(i) + g;
    velocity.store(i, moved, moment_bits<Moment>(now.rounding, first_element, i));
    value[i] -= now.learning_rate * (ahead * g + along * moved);
  }
};

template <class Moment>
struct adam_rule {
  float* value;
  Moment first, second;
  std::int64_t first_element;
  float beta1, beta2, epsilon;
  float coupled_decay; // added to the gradient
  bool decays;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float gradient, const step_numbers& now) const {
    const auto g = gradient + coupled_decay * value[i];
    const auto m = beta1 * first.load(i) + (1 - beta1) * g;
    const auto v = beta2 * second.load(i) + (1 - beta2) * (g * g);
    const auto random = moment_bits<Moment>(now.rounding, first_element, i);
    first.store(i, m, random);
    second.store(i, v, random >> 16);
    const auto keep = decays ? now.keep : 1.0f;
    value[i] = keep * value[i] - now.size * m / (std::sqrt(v) * now.root_factor + epsilon);
  }
};

template <class Moment>
struct nadam_rule {
  float* value;
  Moment first, second;
  std::int64_t first_element;
  float beta1, beta2, epsilon;
  bool decays;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float g, const step_numbers& now) const {
    const auto m = beta1 * first.load(i) + (1 - beta1) * g;
    const auto v = beta2 * second.load(i) + (1 - beta2) * (g * g);
    const auto random = moment_bits<Moment>(now.rounding, first_element, i);
    first.store(i, m, random);
    second.store(i, v, random >> 16);
    const auto keep = decays ? now.keep : 1.0f;
    value[i] = keep * value[i] - (now.gradient_size * g + now.size * m) / (std::sqrt(v) * now.root_factor + epsilon);
  }
};

template <class Moment>
struct lion_rule {
  float* value;
  Moment moment;
  std::int64_t first_element;
  float beta1, beta2, decay;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i, float g, const step_numbers& now) const {
    const auto m = moment.load(i), mean = beta1 * m + (1 - beta1) * g;
    const auto sign = mean > 0 ? 1.0f : mean < 0 ? -1.0f : 0.0f;
    value[i] -= now.learning_rate * (sign + decay * value[i]);
    moment.store(i, beta2 * m + (1 - beta2) * g, moment_bits<Moment>(now.rounding, first_element, i));
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

template <class Rule>
concept tells_what_stays = requires(const Rule& rule, std::int64_t i) {
  rule.leave(i);
};

// Rule: void operator()(element, scaled gradient, numbers of the step) const, of each element that is stepped; and
// where there is one, void leave(element) const of each other one.
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
    const bool counts = lets_pass(with.guard), applies = counts && lets_pass(with.squared_norm);
    const auto scaled = (applies ? clipped_scale(with) : with.scale) * gradient[at];
    const bool fits = is_finite(scaled * scaled);
    if (counts && !fits) skipped += 1;
    if (applies && fits)
      rule(at, scaled, with);
    else if constexpr (tells_what_stays<Rule>)
      rule.leave(at);
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, float skipped) const {
    if (skipped == 0) return;
    if (auto* const nonfinite = now().nonfinite) add_count(nonfinite, skipped);
  }
};

inline const step_numbers* numbers_in_memory(const step_arguments& of) {
  return of.numbers ? reinterpret_cast<const step_numbers*>(of.numbers->u8()) : nullptr;
}

template <class Launcher, class Rule>
void step(Launcher& on, const step_arguments& of, const step_numbers& given, const Rule& rule) {
  const auto count = of.gradient.elements();
  assert(of.value.elements() == count);
  on.reduce_rows((count + stepped_block - 1) / stepped_block, stepped_block,
                 step_kernel<Rule>{of.gradient.f32(), count, given, numbers_in_memory(of), rule});
}

// Calls step(moment...), for the type that they have.
template <class Step, class... Tensors>
void with_moments(Step step, const tensor& first, const Tensors&... others) {
  assert(((others.type() == first.type() && others.elements() == first.elements()) && ...));
  if (first.type() == dtype::bf16)
    step(rounded_moment{first.bf16()}, rounded_moment{others.bf16()}...);
  else
    step(plain_moment{first.f32()}, plain_moment{others.f32()}...);
}

template <class Launcher>
void sgd_step(Launcher& on, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) {
  assert((momentum == 0 || velocity) && "momentum needs a velocity");
  const auto given = numbers_of_step(of);
  if (momentum == 0) return step(on, of, given, plain_rule{of.value.f32(), of.weight_decay});
  const auto ahead = nesterov ? 1.0f : 0.0f, along = nesterov ? momentum : 1.0f;
  const auto go = [&]<class Moment>(Moment moving) {
    step(on, of, given,
         momentum_rule<Moment>{of.value.f32(), moving, of.first_element, of.weight_decay, momentum, ahead, along});
  };
  with_moments(go, *velocity);
}

template <class Launcher>
void adam_step(Launcher& on, const step_arguments& of, tensor& first_moment, tensor& second_moment, float beta1,
               float beta2, float epsilon, std::int64_t number, bool decoupled) {
  assert(first_moment.elements() == of.value.elements() && (of.numbers || number >= 1));
  auto given = numbers_of_step(of);
  if (!of.numbers) set_adam_numbers(given, of.weight_decay, beta1, beta2, number, decoupled);
  const auto go = [&]<class Moment>(Moment first, Moment second) {
    step(on, of, given,
         adam_rule<Moment>{of.value.f32(), first, second, of.first_element, beta1, beta2, epsilon,
                           decoupled ? 0.0f : of.weight_decay, of.weight_decay != 0});
  };
  with_moments(go, first_moment, second_moment);
}

template <class Launcher>
void nadam_step(Launcher& on, const step_arguments& of, tensor& first_moment, tensor& second_moment, float beta1,
                float beta2, float epsilon, std::int64_t number) {
  assert(first_moment.elements() == of.value.elements() && (of.numbers || number >= 1));
  auto given = numbers_of_step(of);
  if (!of.numbers) set_nadam_numbers(given, of.weight_decay, beta1, beta2, number);
  const auto go = [&]<class Moment>(Moment first, Moment second) {
    step(
      on, of, given,
      nadam_rule<Moment>{of.value.f32(), first, second, of.first_element, beta1, beta2, epsilon, of.weight_decay != 0});
  };
  with_moments(go, first_moment, second_moment);
}

template <class Launcher>
void lion_step(Launcher& on, const step_arguments& of, tensor& moment, float beta1, float beta2) {
  assert(moment.elements() == of.value.elements());
  const auto go = [&]<class Moment>(Moment mean) {
    step(on, of, numbers_of_step(of),
         lion_rule<Moment>{of.value.f32(), mean, of.first_element, beta1, beta2, of.weight_decay});
  };
  with_moments(go, moment);
}

} // namespace syngrad::cuda::kernels

// One optimizer step over an arena in one launch. A block of threads takes a block of elements and counts those whose
// gradient is not finite.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/optimizer_formulas.hpp"

namespace syngrad::cuda::kernels {

constexpr std::int64_t stepped_block = 1024; // elements that one block of threads updates

// Rule: void operator()(element, scaled gradient) const.
template <class Rule>
struct step_kernel {
  using value = float; // number of elements left as they were

  const float *gradient, *guard; // guard may be null
  float* nonfinite;              // may be null
  std::int64_t count;
  float scale;
  Rule rule;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& skipped, std::int64_t block, std::int64_t i) const {
    const auto at = block * stepped_block + i;
    if (at >= count || (guard && !is_finite(*guard))) return;
    const auto scaled = scale * gradient[at];
    if (is_finite(scaled))
      rule(at, scaled);
    else
      skipped += 1;
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, float skipped) const {
    if (nonfinite && skipped > 0) add_count(nonfinite, skipped);
  }
};

template <class Launcher, class Rule>
void step(Launcher& on, const step_arguments& of, const Rule& rule) {
  assert(of.value.elements() == of.gradient.elements());
  const auto count = of.value.elements();
  on.reduce_rows((count + stepped_block - 1) / stepped_block, stepped_block,
                 step_kernel<Rule>{of.gradient.f32(), of.guard ? of.guard->f32() : nullptr,
                                   of.nonfinite ? of.nonfinite->f32() : nullptr, count, of.scale, rule});
}

template <class Launcher>
void sgd_step(Launcher& on, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) {
  assert((momentum == 0 || velocity) && "momentum needs a velocity");
  if (momentum == 0)
    step(on, of, plain_rule{of.value.f32(), of.learning_rate, of.weight_decay});
  else
    step(on, of,
         momentum_rule{of.value.f32(), velocity->f32(), of.learning_rate, of.weight_decay, momentum,
                       nesterov ? 1.0f : 0.0f, nesterov ? momentum : 1.0f});
}

template <class Launcher>
void adam_step(Launcher& on, const step_arguments& of, tensor& first_moment, tensor& second_moment,
               const adam_numbers& with) {
  assert(first_moment.elements() == of.value.elements() && second_moment.elements() == of.value.elements());
  step(on, of, adam_rule{of.value.f32(), first_moment.f32(), second_moment.f32(), with});
}

} // namespace syngrad::cuda::kernels

// Each step is one vectorised pass. An element with a non-finite gradient is computed like the others and then not
// taken: a select, not a branch.
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/host_stream.hpp"

#include <cmath>

namespace syngrad::cpu {

namespace {

struct step_addresses {
  float* value;
  const float *gradient, *guard;
  float* nonfinite;
  std::int64_t count;
  float scale, learning_rate, weight_decay;
};

step_addresses addresses(const step_arguments& of) {
  assert(of.value.elements() == of.gradient.elements());
  return {of.value.f32(),
          of.gradient.f32(),
          of.guard ? of.guard->f32() : nullptr,
          of.nonfinite ? of.nonfinite->f32() : nullptr,
          of.value.elements(),
          of.scale,
          of.learning_rate,
          of.weight_decay};
}

bool is_finite(float x) {
  return x - x == 0; // std::isfinite does not vectorise
}

bool stopped(const step_addresses& to) {
  return to.guard && !is_finite(*to.guard);
}

void report(const step_addresses& to, std::int32_t skipped) {
  if (to.nonfinite) *to.nonfinite += static_cast<float>(skipped);
}

// Returns how many elements were skipped.
std::int32_t plain_step(const step_addresses& to) {
  auto* value = to.value;
  const auto* gradient = to.gradient;
  const auto scale = to.scale, rate = to.learning_rate, decay = to.weight_decay;
  std::int32_t skipped = 0;
#pragma omp simd reduction(+ : skipped)
  for (std::int64_t i = 0; i < to.count; ++i) {
    const auto old = value[i], raw = scale * gradient[i];
    const auto stepped = old - rate * (raw + decay * old);
    value[i] = is_finite(raw) ? stepped : old;
    skipped += is_finite(raw) ? 0 : 1;
  }
  return skipped;
}

// The direction is ahead * g + along * velocity: (0, 1) is plain momentum, (1, momentum) is Nesterov's.
std::int32_t momentum_step(const step_addresses& to, float* velocity, float momentum, float ahead, float along) {
  auto* value = to.value;
  const auto* gradient = to.gradient;
  const auto scale = to.scale, rate = to.learning_rate, decay = to.weight_decay;
  std::int32_t skipped = 0;
#pragma omp simd reduction(+ : skipped)
  for (std::int64_t i = 0; i < to.count; ++i) {
    const auto old = value[i], old_velocity = velocity[i], raw = scale * gradient[i];
    const auto g = raw + decay * old;
    const auto moved = momentum * old_velocity + g;
    const auto stepped = old - rate * (ahead * g + along * moved);
    velocity[i] = is_finite(raw) ? moved : old_velocity;
    value[i] = is_finite(raw) ? stepped : old;
    skipped += is_finite(raw) ? 0 : 1;
  }
  return skipped;
}

struct adam_numbers {
  float beta1, beta2, epsilon;
  float size;          // learning rate / (1 - beta1^t)
  float root_factor;   // 1 / sqrt(1 - beta2^t)
  float coupled_decay; // added to the gradient
  float keep;          // decoupled: what is left of the value
};

std::int32_t adam(const step_addresses& to, float* first, float* second, const adam_numbers& with) {
  auto* value = to.value;
  const auto* gradient = to.gradient;
  const auto scale = to.scale;
  const auto [beta1, beta2, epsilon, size, root_factor, decay, keep] = with;
  const auto rest1 = 1 - beta1, rest2 = 1 - beta2;
  std::int32_t skipped = 0;
#pragma omp simd reduction(+ : skipped)
  for (std::int64_t i = 0; i < to.count; ++i) {
    const auto old = value[i], old_first = first[i], old_second = second[i], raw = scale * gradient[i];
    const auto g = raw + decay * old;
    const auto m = beta1 * old_first + rest1 * g;
    const auto v = beta2 * old_second + rest2 * (g * g);
    const auto stepped = keep * old - size * m / (std::sqrt(v) * root_factor + epsilon);
    first[i] = is_finite(raw) ? m : old_first;
    second[i] = is_finite(raw) ? v : old_second;
    value[i] = is_finite(raw) ? stepped : old;
    skipped += is_finite(raw) ? 0 : 1;
  }
  return skipped;
}

} // namespace

void cpu_operators::sgd_step(stream& s, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) {
  assert((momentum == 0 || velocity) && "momentum needs a velocity");
  host(s).launch([=, to = addresses(of), moving = momentum == 0 ? nullptr : velocity->f32()] {
    if (stopped(to)) return;
    const auto ahead = nesterov ? 1.0f : 0.0f, along = nesterov ? momentum : 1.0f;
    report(to, moving ? momentum_step(to, moving, momentum, ahead, along) : plain_step(to));
  });
}

void cpu_operators::adam_step(stream& s, const step_arguments& of, tensor& first_moment, tensor& second_moment,
                              float beta1, float beta2, float epsilon, std::int64_t step, bool decoupled) {
  assert(step >= 1 && first_moment.elements() == of.value.elements() &&
         second_moment.elements() == of.value.elements());
  // In double: 1 - beta2^t has few digits left in float.
  const auto correction = [step](float beta) { return 1 - std::pow(static_cast<double>(beta), step); };
  const adam_numbers with{beta1,
                          beta2,
                          epsilon,
                          static_cast<float>(static_cast<double>(of.learning_rate) / correction(beta1)),
                          static_cast<float>(1 / std::sqrt(correction(beta2))),
                          decoupled ? 0.0f : of.weight_decay,
                          decoupled ? 1.0f - of.learning_rate * of.weight_decay : 1.0f};
  host(s).launch([to = addresses(of), first = first_moment.f32(), second = second_moment.f32(), with] {
    if (!stopped(to)) report(to, adam(to, first, second, with));
  });
}

} // namespace syngrad::cpu

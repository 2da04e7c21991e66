// Each step is one vectorised pass, in blocks: a block whose gradients are all finite takes no further test. Selecting
// each element's old or new value instead makes the compiler mask its stores, which some processors do ten times
// slower.
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/host_stream.hpp"

#include <algorithm>
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

constexpr std::int64_t block = 1024; // gradients are still in L1 when they are read again

bool is_finite(float x) {
  return x - x == 0; // std::isfinite does not vectorise
}

std::int64_t count_nonfinite(const float* gradient, std::int64_t count, float scale) {
  std::int32_t found = 0;
#pragma omp simd reduction(+ : found)
  for (std::int64_t i = 0; i < count; ++i) found += is_finite(scale * gradient[i]) ? 0 : 1;
  return found;
}

// Calls update(i, scaled gradient) for each element whose gradient is finite.
template <class Update>
void for_finite_gradients(const step_addresses& to, Update update) {
  if (to.guard && !is_finite(*to.guard)) return;
  const auto* gradient = to.gradient;
  const auto scale = to.scale;
  std::int64_t skipped = 0;
  for (std::int64_t first = 0; first < to.count; first += block) {
    const auto end = std::min(to.count, first + block);
    const auto nonfinite = count_nonfinite(gradient + first, end - first, scale);
    skipped += nonfinite;
    if (nonfinite == 0) {
#pragma omp simd
      for (auto i = first; i < end; ++i) update(i, scale * gradient[i]);
    } else {
      for (auto i = first; i < end; ++i)
        if (is_finite(scale * gradient[i])) update(i, scale * gradient[i]);
    }
  }
  if (to.nonfinite) *to.nonfinite += static_cast<float>(skipped);
}

void plain_step(const step_addresses& to) {
  for_finite_gradients(to, [value = to.value, rate = to.learning_rate, decay = to.weight_decay](
                             auto i, float gradient) { value[i] -= rate * (gradient + decay * value[i]); });
}

// The direction is ahead * g + along * velocity: (0, 1) is plain momentum, (1, momentum) is Nesterov's.
void momentum_step(const step_addresses& to, float* velocity, float momentum, float ahead, float along) {
  for_finite_gradients(to,
                       [=, value = to.value, rate = to.learning_rate, decay = to.weight_decay](auto i, float gradient) {
                         const auto g = gradient + decay * value[i];
                         const auto moved = momentum * velocity[i] + g;
                         velocity[i] = moved;
                         value[i] -= rate * (ahead * g + along * moved);
                       });
}

struct adam_numbers {
  float beta1, beta2, epsilon;
  float size;          // learning rate / (1 - beta1^t)
  float root_factor;   // 1 / sqrt(1 - beta2^t)
  float coupled_decay; // added to the gradient
  float keep;          // decoupled: what is left of the value
};

void adam(const step_addresses& to, float* first, float* second, const adam_numbers& with) {
  const auto rest1 = 1 - with.beta1, rest2 = 1 - with.beta2;
  for_finite_gradients(to, [=, value = to.value](auto i, float gradient) {
    const auto g = gradient + with.coupled_decay * value[i];
    const auto m = with.beta1 * first[i] + rest1 * g;
    const auto v = with.beta2 * second[i] + rest2 * (g * g);
    first[i] = m;
    second[i] = v;
    value[i] = with.keep * value[i] - with.size * m / (std::sqrt(v) * with.root_factor + with.epsilon);
  });
}

} // namespace

void cpu_operators::sgd_step(stream& s, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) {
  assert((momentum == 0 || velocity) && "momentum needs a velocity");
  host(s).launch([=, to = addresses(of), moving = momentum == 0 ? nullptr : velocity->f32()] {
    if (moving)
      momentum_step(to, moving, momentum, nesterov ? 1.0f : 0.0f, nesterov ? momentum : 1.0f);
    else
      plain_step(to);
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
    adam(to, first, second, with);
  });
}

} // namespace syngrad::cpu

// Each step is one vectorised pass, in blocks: a block whose gradients can all be applied takes no further test.
// Selecting each element's old or new value instead makes the compiler mask its stores, which some processors do ten
// times slower.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

struct step_addresses {
  float* value;
  const float* gradient;
  std::int64_t count;
  float weight_decay;
  step_numbers given;
  const step_numbers* in_memory; // or null

  const step_numbers& now() const { return in_memory ? *in_memory : given; } // when the step is done
};

step_addresses addresses(const step_arguments& of) {
  assert(of.value.elements() == of.gradient.elements());
  step_numbers given;
  given.guard = of.guard ? of.guard->f32() : nullptr;
  given.nonfinite = of.nonfinite ? of.nonfinite->f32() : nullptr;
  given.scale = of.scale;
  given.learning_rate = of.learning_rate;
  given.squared_norm = of.squared_norm ? of.squared_norm->f32() : nullptr;
  given.largest_norm = of.largest_norm;
  const auto* in_memory = of.numbers ? reinterpret_cast<const step_numbers*>(of.numbers->u8()) : nullptr;
  return {of.value.f32(), of.gradient.f32(), of.value.elements(), of.weight_decay, given, in_memory};
}

constexpr std::int64_t step_block = 1024; // gradients are still in L1 when they are read again

bool applicable(float gradient) {
  return is_finite(gradient * gradient);
}

std::int64_t count_inapplicable(const float* gradient, std::int64_t count, float scale) {
  std::int32_t found = 0;
#pragma omp simd reduction(+ : found)
  for (std::int64_t i = 0; i < count; ++i) found += applicable(scale * gradient[i]) ? 0 : 1;
  return found;
}

// Calls update(i, scaled gradient) for each element whose gradient can be applied.
template <class Update>
void for_applicable_gradients(const step_addresses& to, const step_numbers& now, Update update) {
  if (!lets_pass(now.guard)) return;
  const auto* gradient = to.gradient;
  const bool applies = lets_pass(now.squared_norm);
  auto scale = now.scale;
  if (now.squared_norm && applies) scale *= clip_factor(*now.squared_norm, scale, now.largest_norm);
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

void plain_step(const step_addresses& to) {
  const auto now = to.now();
  for_applicable_gradients(
    to, now, [value = to.value, rate = now.learning_rate, decay = to.weight_decay](auto i, float gradient) {
      value[i] -= rate * (gradient + decay * value[i]);
    });
}

// The direction is ahead * g + along * velocity: (0, 1) is plain momentum, (1, momentum) is Nesterov's.
void momentum_step(const step_addresses& to, float* velocity, float momentum, float ahead, float along) {
  const auto now = to.now();
  for_applicable_gradients(
    to, now, [=, value = to.value, rate = now.learning_rate, decay = to.weight_decay](auto i, float gradient) {
      const auto g = gradient + decay * value[i];
      const auto moved = momentum * velocity[i] + g;
      velocity[i] = moved;
      value[i] -= rate * (ahead * g + along * moved);
    });
}

struct adam_constants {
  float beta1, beta2, epsilon;
  float coupled_decay; // added to the gradient
};

// As for_applicable_gradients() has it, but every element gets a direction.
void directions(const step_addresses& to, float* velocity, float momentum, float* direction) {
  const auto now = to.now();
  const auto without = [=](std::int64_t i) { direction[i] = momentum * velocity[i]; };
  const auto with = [=](std::int64_t i, float g) {
    const auto moved = momentum * velocity[i] + g;
    velocity[i] = moved;
    direction[i] = g + momentum * moved;
  };
#pragma omp simd
  for (std::int64_t i = 0; i < to.count; ++i) without(i);
  for_applicable_gradients(to, now, with);
}

void adam(const step_addresses& to, float* first, float* second, const adam_constants& with) {
  const auto now = to.now();
  const auto rest1 = 1 - with.beta1, rest2 = 1 - with.beta2;
  const auto keep = to.weight_decay == 0 ? 1.0f : now.keep;
  for_applicable_gradients(to, now, [=, value = to.value](auto i, float gradient) {
    const auto g = gradient + with.coupled_decay * value[i];
    const auto m = with.beta1 * first[i] + rest1 * g;
    const auto v = with.beta2 * second[i] + rest2 * (g * g);
    first[i] = m;
    second[i] = v;
    value[i] = keep * value[i] - now.size * m / (std::sqrt(v) * now.root_factor + with.epsilon);
  });
}

void nadam(const step_addresses& to, float* first, float* second, float beta1, float beta2, float epsilon) {
  const auto now = to.now();
  const auto keep = to.weight_decay == 0 ? 1.0f : now.keep;
  for_applicable_gradients(to, now, [=, value = to.value](auto i, float g) {
    const auto m = beta1 * first[i] + (1 - beta1) * g;
    const auto v = beta2 * second[i] + (1 - beta2) * (g * g);
    first[i] = m;
    second[i] = v;
    value[i] = keep * value[i] - (now.gradient_size * g + now.size * m) / (std::sqrt(v) * now.root_factor + epsilon);
  });
}

void lion(const step_addresses& to, float* moment, float beta1, float beta2) {
  const auto now = to.now();
  for_applicable_gradients(to, now, [=, value = to.value, decay = to.weight_decay](auto i, float g) {
    const auto mean = beta1 * moment[i] + (1 - beta1) * g;
    const auto sign = mean > 0 ? 1.0f : mean < 0 ? -1.0f : 0.0f;
    value[i] -= now.learning_rate * (sign + decay * value[i]);
    moment[i] = beta2 * moment[i] + (1 - beta2) * g;
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
  assert((of.numbers || step >= 1) && first_moment.elements() == of.value.elements() &&
         second_moment.elements() == of.value.elements());
  auto to = addresses(of);
  if (!of.numbers) set_adam_numbers(to.given, of.weight_decay, beta1, beta2, step, decoupled);
  const adam_constants with{beta1, beta2, epsilon, decoupled ? 0.0f : of.weight_decay};
  host(s).launch(
    [to, first = first_moment.f32(), second = second_moment.f32(), with] { adam(to, first, second, with); });
}

void cpu_operators::nadam_step(stream& s, const step_arguments& of, tensor& first_moment, tensor& second_moment,
                               float beta1, float beta2, float epsilon, std::int64_t step) {
  assert((of.numbers || step >= 1) && first_moment.elements() == of.value.elements() &&
         second_moment.elements() == of.value.elements());
  auto to = addresses(of);
  if (!of.numbers) set_nadam_numbers(to.given, of.weight_decay, beta1, beta2, step);
  host(s).launch(
    [=, first = first_moment.f32(), second = second_moment.f32()] { nadam(to, first, second, beta1, beta2, epsilon); });
}

void cpu_operators::lion_step(stream& s, const step_arguments& of, tensor& moment, float beta1, float beta2) {
  assert(moment.elements() == of.value.elements());
  host(s).launch([=, to = addresses(of), mean = moment.f32()] { lion(to, mean, beta1, beta2); });
}

void cpu_operators::momentum_direction(stream& s, const step_arguments& of, tensor& velocity, float momentum,
                                       tensor& direction) {
  assert(velocity.elements() == of.gradient.elements() && direction.elements() == of.gradient.elements());
  host(s).launch(
    [=, to = addresses(of), moving = velocity.f32(), out = direction.f32()] { directions(to, moving, momentum, out); });
}

void cpu_operators::divide_by_norm(stream& s, const tensor& squared_norm, float factor, float least, tensor& x) {
  assert(squared_norm.elements() == 1);
  host(s).launch([=, square = squared_norm.f32(), out = x.f32(), count = x.elements()] {
    const auto norm = std::max(factor * std::sqrt(*square), least);
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) out[i] /= norm;
  });
}

void cpu_operators::direction_step(stream& s, const step_arguments& of, const tensor& direction, float factor) {
  assert(direction.elements() == of.value.elements());
  host(s).launch([=, to = addresses(of), along = direction.f32()] {
    const auto now = to.now();
    if (!lets_pass(now.guard) || !lets_pass(now.squared_norm)) return;
#pragma omp simd
    for (std::int64_t i = 0; i < to.count; ++i)
      to.value[i] -= now.learning_rate * (factor * along[i] + to.weight_decay * to.value[i]);
  });
}

} // namespace syngrad::cpu

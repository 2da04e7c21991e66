// The steps that take an element at a time: see stepping.hpp.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/stepping.hpp"
#include "runtime/rounding.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

// Calls step(moment...), for the type that they have.
template <class Step, class... Moments>
void with_moments(Step step, dtype type, Moments... moments) {
  if (type == dtype::bf16)
    step(rounded_moment{static_cast<std::uint16_t*>(moments)}...);
  else
    step(plain_moment{static_cast<float*>(moments)}...);
}

// What the moments of an element are rounded by.
template <class Moment>
auto bits_of_elements(const step_addresses& to, const step_numbers& now) {
  return [key = now.rounding, first = to.first_element](std::int64_t i) { return moment_bits<Moment>(key, first, i); };
}

void plain_step(const step_addresses& to) {
  const auto now = to.now();
  for_applicable_gradients(
    to, now, [value = to.value, rate = now.learning_rate, decay = to.weight_decay](auto i, float gradient) {
      value[i] -= rate * (gradient + decay * value[i]);
    });
}

// The direction is ahead * g + along * velocity: (0, 1) is plain momentum, (1, momentum) is Nesterov's.
template <class Moment>
void momentum_step(const step_addresses& to, Moment velocity, float momentum, float ahead, float along) {
  const auto now = to.now();
  const auto bits = bits_of_elements<Moment>(to, now);
  for_applicable_gradients(
    to, now, [=, value = to.value, rate = now.learning_rate, decay = to.weight_decay](auto i, float gradient) {
      const auto g = gradient + decay * value[i];
      const auto moved = momentum * velocity.load(i) + g;
      velocity.store(i, moved, bits(i));
      value[i] -= rate * (ahead * g + along * moved);
    });
}

struct adam_constants {
  float beta1, beta2, epsilon;
  float coupled_decay; // added to the gradient
};

// As for_applicable_gradients() has it, but every element gets a direction: by blocks, before those that step.
template <class Moment>
void directions(const step_addresses& to, Moment velocity, float momentum, float* direction) {
  const auto now = to.now();
  const auto bits = bits_of_elements<Moment>(to, now);
  const auto without = [=](std::int64_t i) { direction[i] = momentum * velocity.load(i); };
  const auto with = [=](std::int64_t i, float g) {
    const auto moved = momentum * velocity.load(i) + g;
    velocity.store(i, moved, bits(i));
    direction[i] = g + momentum * moved;
  };
  const auto scale = applied_scale(now);
  const bool applies = lets_pass(now.guard) && lets_pass(now.squared_norm);
  if (!applies || count_inapplicable(to.gradient, to.count, scale) != 0) {
#pragma omp simd
    for (std::int64_t i = 0; i < to.count; ++i) without(i);
  }
  for_applicable_gradients(to, now, with);
}

template <class Moment>
void adam(const step_addresses& to, Moment first, Moment second, const adam_constants& with) {
  const auto now = to.now();
  const auto bits = bits_of_elements<Moment>(to, now);
  const auto rest1 = 1 - with.beta1, rest2 = 1 - with.beta2;
  const auto keep = to.weight_decay == 0 ? 1.0f : now.keep;
  for_applicable_gradients(to, now, [=, value = to.value](auto i, float gradient) {
    const auto g = gradient + with.coupled_decay * value[i];
    const auto m = with.beta1 * first.load(i) + rest1 * g;
    const auto v = with.beta2 * second.load(i) + rest2 * (g * g);
    const auto random = bits(i);
    first.store(i, m, random);
    second.store(i, v, random >> 16);
    value[i] = keep * value[i] - now.size * m / (std::sqrt(v) * now.root_factor + with.epsilon);
  });
}

template <class Moment>
void nadam(const step_addresses& to, Moment first, Moment second, float beta1, float beta2, float epsilon) {
  const auto now = to.now();
  const auto bits = bits_of_elements<Moment>(to, now);
  const auto keep = to.weight_decay == 0 ? 1.0f : now.keep;
  for_applicable_gradients(to, now, [=, value = to.value](auto i, float g) {
    const auto m = beta1 * first.load(i) + (1 - beta1) * g;
    const auto v = beta2 * second.load(i) + (1 - beta2) * (g * g);
    const auto random = bits(i);
    first.store(i, m, random);
    second.store(i, v, random >> 16);
    value[i] = keep * value[i] - (now.gradient_size * g + now.size * m) / (std::sqrt(v) * now.root_factor + epsilon);
  });
}

template <class Moment>
void lion(const step_addresses& to, Moment moment, float beta1, float beta2) {
  const auto now = to.now();
  const auto bits = bits_of_elements<Moment>(to, now);
  for_applicable_gradients(to, now, [=, value = to.value, decay = to.weight_decay](auto i, float g) {
    const auto m = moment.load(i), mean = beta1 * m + (1 - beta1) * g;
    const auto sign = mean > 0 ? 1.0f : mean < 0 ? -1.0f : 0.0f;
    value[i] -= now.learning_rate * (sign + decay * value[i]);
    moment.store(i, beta2 * m + (1 - beta2) * g, bits(i));
  });
}

} // namespace

void cpu_operators::sgd_step(stream& s, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) {
  assert((momentum == 0 || velocity) && "momentum needs a velocity");
  const auto to = addresses(of);
  if (momentum == 0) return host(s).launch([to] { plain_step(to); });
  const auto ahead = nesterov ? 1.0f : 0.0f, along = nesterov ? momentum : 1.0f;
  const auto step = [=](auto moving) { momentum_step(to, moving, momentum, ahead, along); };
  host(s).launch([=, type = velocity->type(), at = velocity->data()] { with_moments(step, type, at); });
}

void cpu_operators::adam_step(stream& s, const step_arguments& of, tensor& first_moment, tensor& second_moment,
                              float beta1, float beta2, float epsilon, std::int64_t number, bool decoupled) {
  assert((of.numbers || number >= 1) && first_moment.elements() == of.value.elements() &&
         second_moment.elements() == of.value.elements() && first_moment.type() == second_moment.type());
  auto to = addresses(of);
  if (!of.numbers) set_adam_numbers(to.given, of.weight_decay, beta1, beta2, number, decoupled);
  const adam_constants with{beta1, beta2, epsilon, decoupled ? 0.0f : of.weight_decay};
  const auto step = [=](auto first, auto second) { adam(to, first, second, with); };
  host(s).launch([=, type = first_moment.type(), first = first_moment.data(), second = second_moment.data()] {
    with_moments(step, type, first, second);
  });
}

void cpu_operators::nadam_step(stream& s, const step_arguments& of, tensor& first_moment, tensor& second_moment,
                               float beta1, float beta2, float epsilon, std::int64_t number) {
  assert((of.numbers || number >= 1) && first_moment.elements() == of.value.elements() &&
         second_moment.elements() == of.value.elements() && first_moment.type() == second_moment.type());
  auto to = addresses(of);
  if (!of.numbers) set_nadam_numbers(to.given, of.weight_decay, beta1, beta2, number);
  const auto step = [=](auto first, auto second) { nadam(to, first, second, beta1, beta2, epsilon); };
  host(s).launch([=, type = first_moment.type(), first = first_moment.data(), second = second_moment.data()] {
    with_moments(step, type, first, second);
  });
}

void cpu_operators::lion_step(stream& s, const step_arguments& of, tensor& moment, float beta1, float beta2) {
  assert(moment.elements() == of.value.elements());
  const auto to = addresses(of);
  const auto step = [=](auto mean) { lion(to, mean, beta1, beta2); };
  host(s).launch([=, type = moment.type(), at = moment.data()] { with_moments(step, type, at); });
}

void cpu_operators::momentum_direction(stream& s, const step_arguments& of, tensor& velocity, float momentum,
                                       tensor& direction) {
  assert(velocity.elements() == of.gradient.elements() && direction.elements() == of.gradient.elements());
  const auto to = addresses(of);
  const auto step = [=, out = direction.f32()](auto moving) { directions(to, moving, momentum, out); };
  host(s).launch([=, type = velocity.type(), at = velocity.data()] { with_moments(step, type, at); });
}

void cpu_operators::divide_by_norm(stream& s, const tensor& squared_norm, float factor, float least, tensor& x) {
  assert(squared_norm.elements() == 1);
  host(s).launch([=, square = squared_norm.f32(), out = x.f32(), count = x.elements()] {
    const auto norm = std::max(factor * std::sqrt(*square), least);
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) out[i] /= norm;
  });
}

void cpu_operators::direction_step(stream& s, const step_arguments& of, const tensor& direction,
                                   const direction_scale& by) {
  assert(direction.elements() == of.value.elements());
  host(s).launch([=, to = addresses(of), along = direction.f32(), first = address_of(by.first_square),
                  second = address_of(by.second_square), factor = by.factor, part = by.part_of_second] {
    const auto now = to.now();
    if (!lets_pass(now.guard) || !lets_pass(now.squared_norm)) return;
    const auto norm = std::max(first ? std::sqrt(*first) : 0.0f, second ? part * std::sqrt(*second) : 0.0f);
    const auto scale = first || second ? factor / std::max(norm, 1e-7f) : factor;
#pragma omp simd
    for (std::int64_t i = 0; i < to.count; ++i)
      to.value[i] -= now.learning_rate * (scale * along[i] + to.weight_decay * to.value[i]);
  });
}

} // namespace syngrad::cpu

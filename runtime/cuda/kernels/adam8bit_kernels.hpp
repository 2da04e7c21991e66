// Adam with moments in 8 bits: a block of threads takes a block of elements, finds the largest new moments, and encodes
// them in units of those.
#pragma once

#include "runtime/cuda/kernels/optimizer_kernels.hpp"
#include "runtime/eight_bits.hpp"

namespace syngrad::cuda::kernels {

struct adam8bit_kernel {
  // Of a block: the scales that its codes have, and those to come.
  struct value {
    float first_scale, second_scale, largest_first, largest_second, skipped;
  };
  struct moments {
    float first, second;
  };

  const float* gradient;
  float* values;
  std::uint8_t *first, *second;
  float *first_scales, *second_scales;
  std::int64_t count, first_element;
  float beta1, beta2, epsilon;
  bool decays;
  step_numbers given;
  const step_numbers* in_memory; // instead of `given`, unless null

  SYNGRAD_HOST_DEVICE step_numbers now() const { return in_memory ? *in_memory : given; }
  SYNGRAD_HOST_DEVICE static bool applies(const step_numbers& with) {
    return lets_pass(with.guard) && lets_pass(with.squared_norm);
  }
  SYNGRAD_HOST_DEVICE float scaled(std::int64_t at, const step_numbers& with) const {
    return (lets_pass(with.squared_norm) ? clipped_scale(with) : with.scale) * gradient[at];
  }
  SYNGRAD_HOST_DEVICE moments held(std::int64_t at, const value& of) const {
    return {first_moment_of(first[at], of.first_scale), second_moment_of(second[at], of.second_scale)};
  }
  SYNGRAD_HOST_DEVICE moments moved(std::int64_t at, float g, const value& of) const {
    const auto before = held(at, of);
    return {beta1 * before.first + (1 - beta1) * g, beta2 * before.second + (1 - beta2) * (g * g)};
  }

  SYNGRAD_HOST_DEVICE value empty() const { return {0, 0, 0, 0, 0}; }
  SYNGRAD_HOST_DEVICE void add(value& total, std::int64_t block, std::int64_t i) const {
    const auto at = block * eight_bit_block + i;
    const auto with = now();
    total.first_scale = first_scales[block];
    total.second_scale = second_scales[block];
    if (at >= count || !lets_pass(with.guard)) return;
    const auto g = scaled(at, with);
    const bool fits = is_finite(g * g);
    if (!fits) total.skipped += 1;
    const auto made = fits ? moved(at, g, total) : held(at, total);
    const auto magnitude = made.first < 0 ? -made.first : made.first;
    if (magnitude > total.largest_first) total.largest_first = magnitude;
    if (made.second > total.largest_second) total.largest_second = made.second;
  }
  SYNGRAD_HOST_DEVICE static float larger(float a, float b) { return a > b ? a : b; }
  SYNGRAD_HOST_DEVICE value join(const value& a, const value& b) const {
    return {larger(a.first_scale, b.first_scale), larger(a.second_scale, b.second_scale),
            larger(a.largest_first, b.largest_first), larger(a.largest_second, b.largest_second),
            a.skipped + b.skipped};
  }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t block, const value& total) const {
    const auto with = now();
    if (total.skipped != 0 && with.nonfinite) add_count(with.nonfinite, total.skipped);
    if (!applies(with)) return;
    first_scales[block] = first_moment_map::scale_of(total.largest_first);
    second_scales[block] = second_moment_map::scale_of(total.largest_second);
  }
  SYNGRAD_HOST_DEVICE void apply(std::int64_t block, std::int64_t i, const value& total) const {
    const auto at = block * eight_bit_block + i;
    const auto with = now();
    if (at >= count || !applies(with)) return;
    const auto g = scaled(at, with);
    const bool fits = is_finite(g * g);
    const auto made = fits ? moved(at, g, total) : held(at, total);
    if (fits) {
      const auto keep = decays ? with.keep : 1.0f;
      values[at] = keep * values[at] - with.size * made.first / (std::sqrt(made.second) * with.root_factor + epsilon);
    }
    const auto random = rounding_bits(with.rounding, static_cast<std::uint32_t>(first_element + at));
    first[at] =
      code_of_first_moment(made.first, inverse_of_scale(first_moment_map::scale_of(total.largest_first)), random);
    second[at] = code_of_second_moment(made.second, inverse_of_scale(second_moment_map::scale_of(total.largest_second)),
                                       random >> 16);
  }
};

template <class Launcher>
void adam8bit_step(Launcher& on, const step_arguments& of, const eight_bit_moments& moments, float beta1, float beta2,
                   float epsilon, std::int64_t number) {
  const auto count = of.value.elements(), blocks = (count + eight_bit_block - 1) / eight_bit_block;
  assert(moments.first.elements() == count && moments.first_scales.elements() == blocks && (of.numbers || number >= 1));
  auto given = numbers_of_step(of);
  if (!of.numbers) set_adam_numbers(given, of.weight_decay, beta1, beta2, number, true);
  on.reduce_rows(blocks, eight_bit_block,
                 adam8bit_kernel{of.gradient.f32(), of.value.f32(), moments.first.u8(), moments.second.u8(),
                                 moments.first_scales.f32(), moments.second_scales.f32(), count, of.first_element,
                                 beta1, beta2, epsilon, of.weight_decay != 0, given, numbers_in_memory(of)});
}

} // namespace syngrad::cuda::kernels

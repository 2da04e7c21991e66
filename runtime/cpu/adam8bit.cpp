// Adam with moments in 8 bits. Of each block the new moments are made in memory that stays in L1, with the largest of
// them, and then encoded: two passes, both vectorised.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/cpu/stepping.hpp"
#include "runtime/eight_bits.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::cpu {

namespace {

struct eight_bit_addresses {
  std::uint8_t *first, *second;
  float *first_scales, *second_scales;
};

struct moments_of_block {
  float first[eight_bit_block], second[eight_bit_block];
  float largest_first = 0, largest_second = 0;
};

void encode_block(const moments_of_block& from, const step_addresses& to, const eight_bit_addresses& at,
                  std::int64_t block, std::uint32_t key) {
  const auto begin = block * eight_bit_block, count = std::min(to.count - begin, eight_bit_block);
  const auto first_scale = first_moment_map::scale_of(from.largest_first),
             second_scale = second_moment_map::scale_of(from.largest_second);
  at.first_scales[block] = first_scale;
  at.second_scales[block] = second_scale;
  const auto of_first = inverse_of_scale(first_scale), of_second = inverse_of_scale(second_scale);
  const auto element = static_cast<std::uint32_t>(to.first_element + begin);
  auto *const first = at.first + begin, *const second = at.second + begin;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const auto bits = rounding_bits(key, element + static_cast<std::uint32_t>(i));
    first[i] = code_of_first_moment(from.first[i], of_first, bits);
    second[i] = code_of_second_moment(from.second[i], of_second, bits >> 16);
  }
}

void adam8bit(const step_addresses& to, const eight_bit_addresses& at, float beta1, float beta2, float epsilon) {
  const auto now = to.now();
  if (!lets_pass(now.guard)) return;
  const bool applies = lets_pass(now.squared_norm);
  const auto scale = applied_scale(now), keep = to.weight_decay == 0 ? 1.0f : now.keep;
  std::int64_t skipped = 0;
  for (std::int64_t block = 0; block * eight_bit_block < to.count; ++block) {
    const auto begin = block * eight_bit_block, count = std::min(to.count - begin, eight_bit_block);
    const auto* const gradient = to.gradient + begin;
    const auto inapplicable = count_inapplicable(gradient, count, scale);
    skipped += inapplicable;
    if (!applies) continue;
    auto* const value = to.value + begin;
    const auto *const first = at.first + begin, *const second = at.second + begin;
    const auto first_scale = at.first_scales[block], second_scale = at.second_scales[block];
    moments_of_block made;
    float largest_first = 0, largest_second = 0;
    const auto update = [&](std::int64_t i) {
      const auto g = scale * gradient[i];
      const auto m = beta1 * first_moment_of(first[i], first_scale) + (1 - beta1) * g;
      const auto v = beta2 * second_moment_of(second[i], second_scale) + (1 - beta2) * (g * g);
      made.first[i] = m;
      made.second[i] = v;
      value[i] = keep * value[i] - now.size * m / (std::sqrt(v) * now.root_factor + epsilon);
    };
    if (inapplicable == 0) {
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) update(i);
    } else {
      for (std::int64_t i = 0; i < count; ++i) {
        if (applicable(scale * gradient[i])) {
          update(i);
        } else {
          made.first[i] = first_moment_of(first[i], first_scale);
          made.second[i] = second_moment_of(second[i], second_scale);
        }
      }
    }
#pragma omp simd reduction(max : largest_first, largest_second)
    for (std::int64_t i = 0; i < count; ++i) {
      largest_first = std::max(largest_first, std::abs(made.first[i]));
      largest_second = std::max(largest_second, made.second[i]);
    }
    made.largest_first = largest_first;
    made.largest_second = largest_second;
    encode_block(made, to, at, block, now.rounding);
  }
  if (now.nonfinite) *now.nonfinite += static_cast<float>(skipped);
}

} // namespace

void cpu_operators::adam8bit_step(stream& s, const step_arguments& of, const eight_bit_moments& moments, float beta1,
                                  float beta2, float epsilon, std::int64_t number) {
  [[maybe_unused]] const auto count = of.value.elements(), blocks = (count + eight_bit_block - 1) / eight_bit_block;
  assert((of.numbers || number >= 1) && moments.first.elements() == count && moments.second.elements() == count &&
         moments.first_scales.elements() == blocks && moments.second_scales.elements() == blocks);
  auto to = addresses(of);
  if (!of.numbers) set_adam_numbers(to.given, of.weight_decay, beta1, beta2, number, true);
  const eight_bit_addresses at{moments.first.u8(), moments.second.u8(), moments.first_scales.f32(),
                               moments.second_scales.f32()};
  host(s).launch([=] { adam8bit(to, at, beta1, beta2, epsilon); });
}

} // namespace syngrad::cpu

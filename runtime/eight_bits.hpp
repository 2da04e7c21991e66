// Moments in 8 bits, by blocks with a scale and a dynamic map (Dettmers et al., arXiv 2110.02861): codes lie close
// together where numbers are small, and what is largest in a block is exact.
//
// The map here is a power of the code n, which the bits of a float make cheap, as they are nearly its logarithm:
//
//   bits(x) = power * (bits(float(n)) - bits(float(codes))) + bits(1.0f),   0 for n = 0
//
// x is in units of the block's scale; neighbours are power / n of themselves apart. First moments have a sign, 127
// magnitudes and the fourth power: neighbours 0.03 apart at the top, and a least magnitude of 4e-9. Second ones have
// 255 magnitudes and the eighth power, as roots with the fourth would have: 0.03, and 5e-20, so that a small one is not
// taken for none beside a large one, which would make its step large. Between codes from 8 on the map is a line, as
// powers and numbers of codes are powers of two.
//
// Codes are rounded at random (runtime/rounding.hpp): a second moment changes by thousandths in a step, and would never
// leave its nearest code.
#pragma once

#include "runtime/rounding.hpp"

#include <cstdint>

namespace syngrad {

inline constexpr std::int64_t eight_bit_block = 256; // elements that share a scale

template <int LogarithmOfPower, std::int32_t Codes>
struct eight_bit_map {
  static constexpr std::uint32_t one = 0x3F800000; // the bits of it
  static constexpr std::int32_t largest = Codes - 1;

  SYNGRAD_HOST_DEVICE static float value_of(std::int32_t code) {
    // Modulo 2^32.
    const auto away = bits_of(static_cast<float>(code)) - bits_of(static_cast<float>(Codes));
    return code == 0 ? 0.0f : float_of((away << LogarithmOfPower) + one);
  }

  // Of x from 0 to what the largest code stands for, by a random number in [0, 1).
  SYNGRAD_HOST_DEVICE static std::int32_t code_of(float x, float random) {
    const auto away = static_cast<std::int32_t>(bits_of(x) - one) >> LogarithmOfPower;
    const auto at = float_of(bits_of(static_cast<float>(Codes)) + static_cast<std::uint32_t>(away));
    const auto least = value_of(1);
    const auto code = static_cast<std::int32_t>((x < least ? x * (1 / least) : at) + random);
    return code < largest ? code : largest;
  }

  // Of a block, by which its largest magnitude has the largest code.
  SYNGRAD_HOST_DEVICE static float scale_of(float largest_magnitude) {
    const auto scale = largest_magnitude * (1 / value_of(largest));
    return scale < 3e38f ? scale : 3e38f;
  }
};

using first_moment_map = eight_bit_map<2, 128>;
using second_moment_map = eight_bit_map<3, 256>;

constexpr std::int32_t sign_of_code = 128;

SYNGRAD_HOST_DEVICE inline float first_moment_of(std::uint8_t code, float scale) {
  const auto magnitude = first_moment_map::value_of(code & (sign_of_code - 1)) * scale;
  return code & sign_of_code ? -magnitude : magnitude;
}

SYNGRAD_HOST_DEVICE inline float second_moment_of(std::uint8_t code, float scale) {
  return second_moment_map::value_of(code) * scale;
}

// What numbers of a block are multiplied by before they are encoded. Where all are as good as zero they become zero.
SYNGRAD_HOST_DEVICE inline float inverse_of_scale(float scale) {
  return scale > 1e-37f ? 1 / scale : 0.0f;
}

SYNGRAD_HOST_DEVICE inline float sixteen_bits_as_part(std::uint32_t bits) {
  return static_cast<float>(static_cast<std::int32_t>(bits & 0xFFFFu)) * 0x1p-16f;
}

SYNGRAD_HOST_DEVICE inline std::uint8_t code_of_first_moment(float x, float inverse_scale, std::uint32_t random_bits) {
  const auto magnitude = (x < 0 ? -x : x) * inverse_scale;
  const auto code = first_moment_map::code_of(magnitude, sixteen_bits_as_part(random_bits));
  return static_cast<std::uint8_t>(x < 0 ? code | sign_of_code : code);
}

SYNGRAD_HOST_DEVICE inline std::uint8_t code_of_second_moment(float x, float inverse_scale, std::uint32_t random_bits) {
  return static_cast<std::uint8_t>(second_moment_map::code_of(x * inverse_scale, sixteen_bits_as_part(random_bits)));
}

} // namespace syngrad

// Functions of one float that compilers turn into vector code within a loop, unlike those of the C library: no calls,
// no branches.
#pragma once

#include <bit>
#include <cstdint>
#include <numbers>

namespace syngrad::cpu {

// 2^x for x up to 127, good to some two units in the last place. What is below 2^-126 is zero; a NaN stays one.
inline float fast_exp2(float x) {
  constexpr float shift = 0x1.8p23f; // adding it rounds to a whole number
  const float shifted = x + shift;
  const float rest = x - (shifted - shift); // within half of one
  float sum = 1.535336188319500e-4f;        // the polynomial of Moshier's Cephes library
  sum = sum * rest + 1.339887440266574e-3f;
  sum = sum * rest + 9.618437357674640e-3f;
  sum = sum * rest + 5.550332471162809e-2f;
  sum = sum * rest + 2.402264791363012e-1f;
  sum = sum * rest + 6.931472028550421e-1f;
  sum = sum * rest + 1.0f;
  // The whole number stands in the lowest bits of `shifted`: moved up it adds to an exponent.
  const auto power = std::bit_cast<std::uint32_t>(shifted) << 23;
  const auto result = std::bit_cast<float>(std::bit_cast<std::uint32_t>(sum) + power);
  return x < -126.0f ? 0.0f : result;
}

// e^x for x up to 88. The relative error grows with |x|, by half a unit in the last place for each one.
inline float fast_exp(float x) {
  return fast_exp2(x * std::numbers::log2e_v<float>);
}

} // namespace syngrad::cpu

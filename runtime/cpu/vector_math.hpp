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

// x times a quotient of two polynomials in x^2, fitted for the least relative error, 2e-8 up to where tanh is 1 in
// float. With rounding it is good to seven units in the last place, and never beyond 1. A NaN stays one.
inline float fast_tanh(float x) {
  constexpr float most = 9.02f;
  const float below = x > most ? most : x;
  const float y = below < -most ? -most : below;
  const float u = y * y;
  float above = 1.3317613071403616e-8f;
  above = above * u + 2.0582436695634549e-5f;
  above = above * u + 3.4939723633578376e-3f;
  above = above * u + 1.3379666364905169e-1f;
  above = above * u + 9.9999997920917565e-1f;
  float under = 7.7614234063391451e-7f;
  under = under * u + 3.2829900128247798e-4f;
  under = under * u + 2.5870838807621435e-2f;
  under = under * u + 4.6712981680962045e-1f;
  under = under * u + 1.0f;
  const float ratio = y * above / under;
  const float upper = ratio > 1.0f ? 1.0f : ratio;
  return upper < -1.0f ? -1.0f : upper;
}

// 1 / (1 + e^-x), within 2e-7.
inline float fast_sigmoid(float x) {
  return 0.5f + 0.5f * fast_tanh(0.5f * x);
}

} // namespace syngrad::cpu

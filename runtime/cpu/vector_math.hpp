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

// e^x for x up to 0, as the C library of GNU has it, bit for bit: expf() of Arm's optimized routines. 2^(i / 32) from a
// table, less i in the exponent's bits, times a polynomial of what is left of x, in double precision. Where a float
// would be denormal, the last bit may differ; what is below the least one is zero. A NaN stays one.
inline float accurate_exp(float x) {
  static constexpr std::uint64_t roots[32] = {
    0x3ff0000000000000, 0x3fefd9b0d3158574, 0x3fefb5586cf9890f, 0x3fef9301d0125b51, 0x3fef72b83c7d517b,
    0x3fef54873168b9aa, 0x3fef387a6e756238, 0x3fef1e9df51fdee1, 0x3fef06fe0a31b715, 0x3feef1a7373aa9cb,
    0x3feedea64c123422, 0x3feece086061892d, 0x3feebfdad5362a27, 0x3feeb42b569d4f82, 0x3feeab07dd485429,
    0x3feea47eb03a5585, 0x3feea09e667f3bcd, 0x3fee9f75e8ec5f74, 0x3feea11473eb0187, 0x3feea589994cce13,
    0x3feeace5422aa0db, 0x3feeb737b0cdc5e5, 0x3feec49182a3f090, 0x3feed503b23e255d, 0x3feee89f995ad3ad,
    0x3feeff76f2fb5e47, 0x3fef199bdd85529c, 0x3fef3720dcef9069, 0x3fef5818dcfba487, 0x3fef7c97337b9b5f,
    0x3fefa4afa2a490da, 0x3fefd0765b6e4540};
  constexpr double parts = 32, log2_e = 0x1.71547652b82fep+0, shift = 0x1.8p52; // adding it rounds to a whole number
  const double z = log2_e * parts * static_cast<double>(x);
  const double shifted = z + shift, rest = z - (shifted - shift);
  const auto whole = std::bit_cast<std::uint64_t>(shifted);
  const auto power = std::bit_cast<double>(roots[whole % 32] + (whole << (52 - 5)));
  const double cubic = 0x1.c6af84b912394p-5 / (parts * parts * parts) * rest + 0x1.ebfce50fac4f3p-3 / (parts * parts);
  const double linear = 0x1.62e42ff0c52d6p-1 / parts * rest + 1;
  const auto result = static_cast<float>((cubic * (rest * rest) + linear) * power);
  return x < -104.0f ? 0.0f : result;
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

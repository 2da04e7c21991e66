// Rounding at random: up or down, with the probabilities that leave the expectation as it is, so that many small
// changes of a number with few bits add up. What is random depends on a key, which is that of a layer and a step, and
// on the element: not on how layers are grouped, on threads or on the device.
#pragma once

#include "runtime/host_device.hpp"
#include "runtime/philox.hpp"

#include <bit>
#include <cstdint>

namespace syngrad {

// `sequence` tells apart what is rounded in one run: layers, predictors.
inline std::uint32_t rounding_key(std::uint64_t seed, std::uint64_t sequence, std::int64_t step) {
  return philox(static_cast<std::uint64_t>(step), sequence, seed).at[0];
}

// 32 random bits of an element: a Weyl sequence, mixed once. All of its operations exist for vectors.
SYNGRAD_HOST_DEVICE inline std::uint32_t rounding_bits(std::uint32_t key, std::uint32_t element) {
  auto x = element * 0x9E3779B9u ^ key;
  x = (x ^ (x >> 16)) * 0x7FEB352Du;
  return x ^ (x >> 15);
}

SYNGRAD_HOST_DEVICE inline std::uint32_t bits_of(float x) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(x);
#else
  return std::bit_cast<std::uint32_t>(x);
#endif
}

SYNGRAD_HOST_DEVICE inline float float_of(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  return std::bit_cast<float>(bits);
#endif
}

SYNGRAD_HOST_DEVICE inline float from_bf16(std::uint16_t x) {
  return float_of(static_cast<std::uint32_t>(x) << 16);
}

// Of a finite number, by 16 random bits: they are added to what is cut off. It stays finite.
SYNGRAD_HOST_DEVICE inline std::uint16_t to_bf16(float x, std::uint32_t random_bits) {
  constexpr std::uint32_t sign = 0x80000000u, largest = 0x7F7FFFFFu;
  const auto bits = bits_of(x);
  const auto magnitude = (bits & ~sign) + (random_bits & 0xFFFFu);
  return static_cast<std::uint16_t>(((bits & sign) | (magnitude < largest ? magnitude : largest)) >> 16);
}

// ---- how a step reads and writes a moment

struct plain_moment {
  static constexpr bool is_rounded = false;
  float* at;
  SYNGRAD_HOST_DEVICE float load(std::int64_t i) const { return at[i]; }
  SYNGRAD_HOST_DEVICE void store(std::int64_t i, float x, std::uint32_t) const { at[i] = x; }
};

struct rounded_moment {
  static constexpr bool is_rounded = true;
  std::uint16_t* at;
  SYNGRAD_HOST_DEVICE float load(std::int64_t i) const { return from_bf16(at[i]); }
  SYNGRAD_HOST_DEVICE void store(std::int64_t i, float x, std::uint32_t random_bits) const {
    at[i] = to_bf16(x, random_bits);
  }
};

// What the moments of element `i` are rounded by: the lower half of it, and of a second one the upper.
template <class Moment>
SYNGRAD_HOST_DEVICE std::uint32_t moment_bits(std::uint32_t key, std::int64_t first_element, std::int64_t i) {
  if constexpr (Moment::is_rounded)
    return rounding_bits(key, static_cast<std::uint32_t>(first_element + i));
  else
    return 0;
}

} // namespace syngrad

// A small seeded source of random numbers whose sequence is the same on every platform and standard library.
// xoshiro256** (Blackman and Vigna), seeded by splitmix64 from a seed and a stream number.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace syngrad {

class random_source {
public:
  random_source(std::uint64_t seed, std::uint64_t stream_number) {
    std::uint64_t mix = seed * 0x9e3779b97f4a7c15ULL + stream_number * 0xd1b54a32d192ed03ULL;
    for (auto& word : state_) word = splitmix(mix);
  }

  std::uint64_t bits() {
    const auto out = std::rotl(state_[1] * 5, 7) * 9;
    const auto shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return out;
  }

  // In [0, 1).
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1.0p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // In 0..bound-1. The bias of the multiplication is below bound / 2^32.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((bits() >> 32) * std::uint64_t{bound}) >> 32);
  }
  // Standard normal, by Box and Muller.
  double normal() {
    const auto radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

private:
  static std::uint64_t splitmix(std::uint64_t& x) {
    auto z = (x += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::array<std::uint64_t, 4> state_{};
};

} // namespace syngrad

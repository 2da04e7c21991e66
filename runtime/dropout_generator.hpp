// The state of a dropout's random generator.
#pragma once

#include "runtime/host_device.hpp"

#include <cstdint>

namespace syngrad {

// A generator of random words in device memory, f32: what is recorded draws other numbers whenever it is replayed.
// Whole numbers below 2^16, so that it is copied, saved and moved as any state: four for the key of Philox, four for
// the batches drawn for so far, lowest first.
struct dropout_generator {
  static constexpr int numbers = 8;
  std::uint64_t key, batch;

  SYNGRAD_HOST_DEVICE static dropout_generator read(const float* from) { return {word(from), word(from + 4)}; }
  SYNGRAD_HOST_DEVICE void write(float* to) const {
    for (int i = 0; i < 4; ++i) {
      to[i] = static_cast<float>(key >> 16 * i & 0xffff);
      to[4 + i] = static_cast<float>(batch >> 16 * i & 0xffff);
    }
  }

private:
  SYNGRAD_HOST_DEVICE static std::uint64_t word(const float* from) {
    std::uint64_t all = 0;
    for (int i = 0; i < 4; ++i) all |= static_cast<std::uint64_t>(from[i]) << 16 * i;
    return all;
  }
};

} // namespace syngrad

// Random numbers by their place in a sequence: Philox 4x32-10 (Salmon et al., Parallel random numbers: as easy as
// 1, 2, 3; SC 2011). A counter and a key give four words, so any of them can be drawn without those before it.
#pragma once

#include "runtime/host_device.hpp"

#include <cstdint>

namespace syngrad {

struct philox_words {
  std::uint32_t at[4];
};

// `low` and `high` are the halves of the counter.
SYNGRAD_HOST_DEVICE inline philox_words philox(std::uint64_t low, std::uint64_t high, std::uint64_t key) {
  constexpr std::uint32_t factor0 = 0xD2511F53, factor1 = 0xCD9E8D57, step0 = 0x9E3779B9, step1 = 0xBB67AE85;
  auto c0 = static_cast<std::uint32_t>(low), c1 = static_cast<std::uint32_t>(low >> 32),
       c2 = static_cast<std::uint32_t>(high), c3 = static_cast<std::uint32_t>(high >> 32),
       k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const auto product0 = std::uint64_t{factor0} * c0, product1 = std::uint64_t{factor1} * c2;
    c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<std::uint32_t>(product0);
    k0 += step0;
    k1 += step1;
  }
  return {{c0, c1, c2, c3}};
}

} // namespace syngrad

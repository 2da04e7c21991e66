// Fisher and Yates' shuffle, with the same result on every standard library (std::shuffle's is unspecified).
#pragma once

#include "runtime/random.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace syngrad {

// At most 2^32 - 1 elements.
inline void shuffle(std::span<std::int32_t> items, random_source& random) {
  for (auto left = items.size(); left > 1; --left)
    std::swap(items[left - 1], items[random.below(static_cast<std::uint32_t>(left))]);
}

// 0..count-1 in a random order.
inline std::vector<std::int32_t> shuffled_indices(std::size_t count, random_source& random) {
  std::vector<std::int32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  shuffle(indices, random);
  return indices;
}

} // namespace syngrad

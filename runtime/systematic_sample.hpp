// Systematic sampling with unequal probabilities (Madow, Annals of Mathematical Statistics 20, 1949): exactly n of some
// elements, element i with probability p_i,
//
//   q_i = (1 - b) / count + b r_i / sum of r,   p_i = min(1, c q_i),   c such that their sum is n
//
// where r_i >= 0 is the element's length and b < 1 the part that follows it: so each has a chance, and a weight 1 / p_i
// that is bounded. Lengths of which none is above zero, or one is not finite, count as equal.
#pragma once

#include "runtime/host_device.hpp"

#include <cstdint>

namespace syngrad {

struct systematic_sample {
  const float* lengths;       // [count]; null: all are equal
  std::int64_t count, wanted; // 0 <= wanted <= count
  double by_length;

  // Writes the numbers of the chosen ones, ascending, and their weights. `start` in [0, 1).
  SYNGRAD_HOST_DEVICE void draw(double start, std::int32_t* numbers, float* weights) const {
    const auto total = sum();
    const auto factor = factor_for(total);
    double reached = 0;
    std::int64_t taken = 0;
    for (std::int64_t i = 0; i < count && taken < wanted; ++i) {
      const auto probability = least_of(factor * share(i, total));
      reached += probability;
      // Rounding must not lose the last ones.
      if (reached <= start + static_cast<double>(taken) && count - i > wanted - taken) continue;
      numbers[taken] = static_cast<std::int32_t>(i);
      weights[taken] = static_cast<float>(1 / probability);
      ++taken;
    }
  }

private:
  SYNGRAD_HOST_DEVICE static double least_of(double x) { return x < 1 ? x : 1; }

  // Of the lengths; 0: they count as equal.
  SYNGRAD_HOST_DEVICE double sum() const {
    double total = 0;
    for (std::int64_t i = 0; lengths && i < count; ++i) total += static_cast<double>(lengths[i]);
    return total > 0 && total - total == 0 ? total : 0;
  }
  SYNGRAD_HOST_DEVICE double share(std::int64_t i, double total) const {
    const auto equal = 1 / static_cast<double>(count);
    return total > 0 ? (1 - by_length) * equal + by_length * static_cast<double>(lengths[i]) / total : equal;
  }
  // c: those whose probability would be above 1 have 1, and the others share what is left; until there are no more.
  SYNGRAD_HOST_DEVICE double factor_for(double total) const {
    auto factor = static_cast<double>(wanted);
    for (std::int64_t certain = 0;;) {
      std::int64_t now = 0;
      double rest = 0;
      for (std::int64_t i = 0; i < count; ++i) {
        const auto each = share(i, total);
        if (factor * each >= 1)
          ++now;
        else
          rest += each;
      }
      if (now == certain || now >= wanted || !(rest > 0)) return factor;
      certain = now;
      factor = static_cast<double>(wanted - certain) / rest;
    }
  }
};

} // namespace syngrad

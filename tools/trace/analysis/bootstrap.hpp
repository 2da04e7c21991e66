// How sure one may be of a difference of means: the bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap,
// 1993, chapter 13: percentile intervals) over means of stretches of time, which are nearly independent where single
// messages are not.
#pragma once

#include "runtime/random.hpp"

#include <optional>
#include <span>

namespace syngrad::tools {

struct mean_difference {
  double change = 0;        // mean of b minus mean of a
  double low = 0, high = 0; // 95 % of resampled changes lie between
  bool excludes_zero() const { return low > 0 || high < 0; }
};

// Nothing where either has fewer than eight values: resampling few says too little of how they scatter.
std::optional<mean_difference> compare_means(std::span<const double> a, std::span<const double> b, random_source);

} // namespace syngrad::tools

#include "models/generation/token_sampler.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace syngrad {

void token_sampler::choose_candidates(std::span<const float> logits) {
  candidates_.resize(logits.size());
  std::iota(candidates_.begin(), candidates_.end(), 0);
  if (options_.top_k == 0 || options_.top_k >= static_cast<std::int64_t>(logits.size())) return;
  const auto comes_before = [&](std::int32_t a, std::int32_t b) {
    const auto of_a = logits[static_cast<std::size_t>(a)], of_b = logits[static_cast<std::size_t>(b)];
    return of_a != of_b ? of_a > of_b : a < b;
  };
  const auto end = candidates_.begin() + options_.top_k;
  std::nth_element(candidates_.begin(), end, candidates_.end(), comes_before);
  candidates_.erase(end, candidates_.end());
  std::sort(candidates_.begin(), candidates_.end());
}

std::optional<std::int32_t> token_sampler::draw(std::span<const float> logits) {
  assert(!logits.empty());
  if (!std::all_of(logits.begin(), logits.end(), [](float each) { return std::isfinite(each); })) return std::nullopt;
  const auto largest = std::max_element(logits.begin(), logits.end());
  if (options_.temperature == 0) return static_cast<std::int32_t>(largest - logits.begin());
  choose_candidates(logits);
  double sum = 0;
  sums_.clear();
  for (const auto each : candidates_)
    sums_.push_back(sum +=
                    std::exp((double{logits[static_cast<std::size_t>(each)]} - *largest) / options_.temperature));
  const auto chosen = std::upper_bound(sums_.begin(), sums_.end(), random_.uniform() * sum);
  if (chosen == sums_.end()) return static_cast<std::int32_t>(largest - logits.begin()); // the product was rounded up
  return candidates_[static_cast<std::size_t>(chosen - sums_.begin())];
}

} // namespace syngrad

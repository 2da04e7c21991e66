// Chooses a token by what a network says of all.
//
//   p[i] = exp(logits[i] / temperature) / sum,    over the top_k largest logits
//
// The same numbers and seed give the same tokens. One thread at a time.
#pragma once

#include "runtime/random.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace syngrad {

class token_sampler {
public:
  struct options {
    double temperature = 1; // 0: always the largest, of equal ones the first
    std::int64_t top_k = 0; // of equal ones the first; 0: all
    std::uint64_t seed = 1;
  };

  explicit token_sampler(const options& how) : options_(how), random_(how.seed, purpose) {}

  // Nothing where a number is not finite. At least one logit.
  std::optional<std::int32_t> draw(std::span<const float> logits);

private:
  static constexpr std::uint64_t purpose = 0x73616d706c65; // keeps its draws apart from others of the same seed

  void choose_candidates(std::span<const float> logits);

  options options_;
  random_source random_;
  std::vector<std::int32_t> candidates_; // ascending
  std::vector<double> sums_;             // of what is proportional to p, up to each
};

} // namespace syngrad

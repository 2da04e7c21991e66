#include "runtime/data/hold_out.hpp"

#include "runtime/data/shuffle.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace syngrad {
namespace {

// Keeps this permutation apart from the others of the same seed.
constexpr std::uint64_t hold_out_purpose = 0x686f6c646f7574;

} // namespace

std::int64_t held_out_count(std::int64_t samples, double fraction) {
  return std::llround(fraction * static_cast<double>(samples));
}

result<held_out> hold_out(const sample_set& train, double fraction, std::uint64_t seed) {
  const auto count = train.count;
  if (!(fraction > 0 && fraction < 1))
    return error{"validation: a fraction between 0 and 1 is expected, not " + std::to_string(fraction)};
  const auto validation = held_out_count(count, fraction);
  if (validation <= 0 || validation >= count) {
    return error{"validation: a fraction of " + std::to_string(fraction) + " of " + std::to_string(count) +
                 " training samples leaves one part empty; choose another fraction"};
  }

  random_source random(seed ^ hold_out_purpose, 0);
  const auto order = shuffled_indices(static_cast<std::size_t>(count), random);
  held_out parts;
  parts.validation.assign(order.begin(), order.begin() + validation);
  parts.train.assign(order.begin() + validation, order.end());
  std::sort(parts.validation.begin(), parts.validation.end());
  std::sort(parts.train.begin(), parts.train.end());
  return parts;
}

} // namespace syngrad

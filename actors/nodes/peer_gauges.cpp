#include "actors/nodes/peer_gauges.hpp"

#include <algorithm>

namespace syngrad {

namespace {

constexpr std::int64_t long_enough_ns = 10'000'000;
constexpr std::int64_t too_long_ns = 1'000'000'000; // for a second one
constexpr std::size_t samples_wanted = 3;

} // namespace

std::optional<double> rate_meter::take(std::int64_t took_ns, std::int64_t round_trip_ns) {
  // The round trip is a measurement, too: on a busy machine it can come out longer than all of the burst.
  const auto own_ns = std::max({took_ns - round_trip_ns, took_ns / 8, std::int64_t{1000}});
  if (own_ns < std::max(long_enough_ns, round_trip_ns) && 4 * burst_ <= most_bytes_) {
    burst_ *= 4;
    return std::nullopt;
  }
  rates_.push_back(static_cast<double>(burst_) * 1e9 / static_cast<double>(own_ns));
  if (rates_.size() < samples_wanted && own_ns < too_long_ns) return std::nullopt;
  const auto middle = rates_.begin() + static_cast<std::ptrdiff_t>(rates_.size() / 2);
  std::nth_element(rates_.begin(), middle, rates_.end());
  return *middle;
}

} // namespace syngrad

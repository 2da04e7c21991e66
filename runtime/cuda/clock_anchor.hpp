// Where a device's clock and the host's meet: an event, and the times between which the host knows it to have passed.
// The two clocks drift apart, so an anchor ages. Free of CUDA headers.
#pragma once

#include <cstdint>

namespace syngrad::cuda {

struct clock_anchor {
  std::int64_t asked_ns = 0; // host: just before the event was recorded
  std::int64_t seen_ns = 0;  // host: when it was known to have passed

  std::int64_t host_ns() const { return asked_ns + (seen_ns - asked_ns) / 2; }
};

// Crystals differ by less.
constexpr std::int64_t drift_per_second_ns = 50'000;

// How far off a time can be that is `apart_ns` away from the anchor.
constexpr std::int64_t uncertainty_of(const clock_anchor& of, std::int64_t apart_ns) {
  const auto apart = apart_ns < 0 ? -apart_ns : apart_ns;
  return (of.seen_ns - of.asked_ns + 1) / 2 + apart / 1'000'000 * drift_per_second_ns / 1000;
}

// Whether times from now on are better told by `candidate`: one that was seen late is not, as long as the older one has
// not drifted further.
constexpr bool replaces(const clock_anchor& candidate, const clock_anchor& current) {
  return uncertainty_of(candidate, 0) <= uncertainty_of(current, candidate.seen_ns - current.seen_ns);
}

} // namespace syngrad::cuda

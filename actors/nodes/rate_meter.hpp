// How many bytes a second a connection carries, from bursts that are sent over it and answered. A burst that takes no
// time to speak of says nothing: they grow until one can be timed, and the median of three counts.
//
// Value without a clock of its own; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace syngrad {

class rate_meter {
public:
  explicit rate_meter(std::uint64_t most_bytes = least_burst) : most_bytes_(most_bytes) {}

  std::uint64_t burst() const { return burst_; } // bytes of the next one
  // A burst was answered after `took_ns`, of which the round trip of a small message is not the bytes' time. Bytes a
  // second once that is known; otherwise another burst is wanted.
  std::optional<double> take(std::int64_t took_ns, std::int64_t round_trip_ns);

  static constexpr std::uint64_t least_burst = 256 << 10;

private:
  std::uint64_t most_bytes_;
  std::uint64_t burst_ = least_burst;
  std::vector<double> rates_;
};

} // namespace syngrad

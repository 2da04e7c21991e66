// How the connection to another process is: what its peer says of it, and how fast it is.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

namespace syngrad {

// How the connection to another process is, at any moment. Its peer sets this, and anybody reads it, without a message
// and so without waiting: the thread that takes a process through its run has others to wait for.
struct peer_gauges {
  enum class standing : std::uint8_t { expected, up, away, dead };

  std::atomic<standing> stands{standing::expected};
  std::atomic<std::int64_t> last_heard_ns{0}; // steady clock; 0: never
  std::atomic<std::int64_t> round_trip_ns{0}; // the least so far; 0: none yet
  std::atomic<double> bytes_per_second{0};    // 0: not measured
};

// "expected", "up", "away", "dead"
inline const char* name_of(peer_gauges::standing standing) {
  switch (standing) {
  case peer_gauges::standing::expected:
    return "expected";
  case peer_gauges::standing::up:
    return "up";
  case peer_gauges::standing::away:
    return "away";
  case peer_gauges::standing::dead:
    break;
  }
  return "dead";
}

// How many bytes a second a connection carries, from bursts that are sent over it and answered. A burst that takes no
// time to speak of says nothing: they grow until one can be timed, and the median of three counts.
//
// Value without a clock of its own; one thread at a time.
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

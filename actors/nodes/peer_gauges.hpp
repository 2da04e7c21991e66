// How the connection to another process is, at any moment. Its peer sets this, and anybody reads it, without a message
// and so without waiting: the thread that takes a process through its run has others to wait for.
#pragma once

#include <atomic>
#include <cstdint>

namespace syngrad {

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

} // namespace syngrad

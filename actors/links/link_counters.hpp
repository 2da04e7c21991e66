// What went over a link so far. Counted by its actor, read by anybody.
#pragma once

#include <atomic>
#include <cstdint>

namespace syngrad {

struct link_counters {
  std::atomic<std::uint64_t> messages{0};
  std::atomic<std::uint64_t> payload_bytes{0};   // of their tensors, as they are in memory
  std::atomic<std::uint64_t> wire_bytes{0};      // of the messages on the wire, each counted once
  std::atomic<std::uint64_t> repeated_chunks{0}; // sent again, or arrived more than once
  std::atomic<std::uint64_t> damaged_chunks{0};
};

} // namespace syngrad

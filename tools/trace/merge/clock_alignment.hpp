// How far the nodes' clocks are apart, from the pings between them.
//
// Of each pair of nodes the ping with the least round trip counts: what it may be wrong by is half of that. A node that
// never met the lowest one is reached over others, by the way with the least sum; so are the offset and what it may be
// wrong by.
#pragma once

#include "runtime/trace/clock_sample.hpp"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace syngrad::tools {

struct aligned_clock {
  std::int64_t offset_ns = 0; // this node's clock minus the lowest one's
  std::int64_t uncertainty_ns = 0;
  std::uint8_t over = 0; // the node before it on the way from the lowest one
  std::size_t pings = 0; // between these two
};

// By node, of those that pings connect with the lowest of `nodes` (which is not empty), itself included.
std::map<std::uint8_t, aligned_clock> align_clocks(const std::vector<std::uint8_t>& nodes,
                                                   std::span<const clock_sample> pings);

} // namespace syngrad::tools

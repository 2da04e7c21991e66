// Several nodes' traces of one run in one folder, on one clock.
#pragma once

#include "runtime/result.hpp"
#include "runtime/trace/trace_record.hpp"
#include "tools/trace/trace_run.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

// How far the nodes' clocks are apart, from the pings between them.
//
// Of each pair of nodes the ping with the least round trip counts: what it may be wrong by is half of that. A node that
// never met the lowest one is reached over others, by the way with the least sum; so are the offset and what it may be
// wrong by.

struct aligned_clock {
  std::int64_t offset_ns = 0; // this node's clock minus the lowest one's
  std::int64_t uncertainty_ns = 0;
  std::uint8_t over = 0; // the node before it on the way from the lowest one
  std::size_t pings = 0; // between these two
};

// By node, of those that pings connect with the lowest of `nodes` (which is not empty), itself included.
std::map<std::uint8_t, aligned_clock> align_clocks(const std::vector<std::uint8_t>& nodes,
                                                   std::span<const clock_sample> pings);

struct merged_node {
  std::uint8_t node = 0;
  std::string from; // folder
  std::int64_t offset_ns = 0;
  std::optional<std::int64_t> uncertainty_ns; // none: by the time of day
  std::uint8_t over = 0;
  std::size_t pings = 0;
};

// Copies the segments of `runs` to `folder` (made; must hold no trace yet), and adds what is known of the clocks. Where
// that fails, on a full disk for one, nothing stays.
// Refuses runs that are open still, that do not belong together, or whose clocks were never compared; with `guess` it
// takes the time of day for the latter.
result<std::vector<merged_node>> merge_runs(std::span<const trace_run> runs, const std::string& folder, bool guess);

} // namespace syngrad::tools

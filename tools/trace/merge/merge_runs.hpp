// Several nodes' traces of one run in one folder, on one clock.
#pragma once

#include "runtime/result.hpp"
#include "tools/trace/merge/clock_alignment.hpp"
#include "tools/trace/trace_run.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

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

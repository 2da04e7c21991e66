// How old gradients are when they move weights: in weight versions (metric records), in batches (batches that the group
// had begun meanwhile) and in time (from the batch's forward pass to its update).
#pragma once

#include "tools/trace/analysis/log_histogram.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace syngrad::tools {

struct staleness_of_group {
  std::uint32_t actor = 0;
  std::string name;
  std::uint16_t interface = no_interface; // above the group
  std::int64_t updates = 0;
  double mean_versions = 0, largest_versions = 0;
  std::map<std::int64_t, std::int64_t> versions; // histogram: versions -> updates
  double mean_batches = 0;
  log_histogram age;                     // ns
  std::vector<float> versions_over_time; // mean in each bucket; NaN: none
};

struct staleness_result {
  std::int64_t begin_ns = 0, bucket_ns = 0;
  std::vector<staleness_of_group> groups; // bottom to top
};

staleness_result measure_staleness(const trace_run&, const trace_filter&, int buckets = 60);

} // namespace syngrad::tools

// Messages that wait before each actor, over time, and Little's law as a check of the trace itself: the mean depth is
// the arrival rate times the mean wait.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct queue_of_actor {
  std::uint32_t actor = 0;
  std::string name;
  std::int64_t arrivals = 0, deepest = 0;
  double mean_depth = 0;        // over time
  double rate = 0;              // arrivals a second
  double mean_wait_ns = 0;      // send to begin
  double little_depth = 0;      // rate * mean wait
  std::vector<float> over_time; // mean depth in each bucket
};

struct queue_depths {
  std::int64_t begin_ns = 0, span_ns = 0, bucket_ns = 0;
  std::vector<queue_of_actor> actors; // groups first, bottom to top; then the others
};

queue_depths measure_queues(const trace_run&, const trace_filter&, int buckets = 60);

} // namespace syngrad::tools

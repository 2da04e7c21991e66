// How long messages take, by type: from send to the end of their handling, in parts.
#pragma once

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/trace/analysis/log_histogram.hpp"
#include "tools/trace/trace_run.hpp"

#include <map>

namespace syngrad::tools {

struct message_latency {
  log_histogram wire;    // send to enqueue, where nodes are between (a link's records); else empty
  log_histogram queue;   // (enqueue or) send to begin
  log_histogram handler; // begin to end
  log_histogram device;  // gpu work that the handler enqueued, from its end to the end of the work; empty on a CPU
  log_histogram total;   // send to end
};

struct latencies {
  std::map<trace_message, message_latency> by_type;
  std::int64_t unmatched = 0; // handled or sent without their counterpart in the trace
};

latencies measure_latency(const trace_run&, const trace_filter&);

} // namespace syngrad::tools

// The chain of work and waits that decided how long a batch, or the run, took: walked backwards from the last event;
// from a handler's begin to whatever let it begin last: the message's own send, or the end of the actor's earlier
// handler. Memory: of the run, 80 bytes a handled message; of a batch, the same for what happened meanwhile.
#pragma once

#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad::tools {

struct path_step {
  enum class category : std::uint8_t {
    compute, // in a handler, up to the send that goes on (or its end)
    queue,   // the message waited although the actor was free: for a thread
    actor,   // the message waited while the actor handled others: their work is on the path
    wire,    // between nodes
  } what;
  std::int64_t begin_ns = 0, end_ns = 0;
  std::uint32_t actor = 0;
  std::uint64_t message = 0;
  trace_record handled; // its begin record
};

std::string_view name_of(path_step::category);

struct critical_path {
  std::vector<path_step> steps; // in the order of time, without gaps
  std::int64_t span_ns = 0;
  // Share of the span by category and by actor, and how much later each actor could have ended what is not on the path.
  std::vector<std::pair<std::string, double>> by_category, by_actor;
  std::vector<std::pair<std::string, std::int64_t>> slack_ns; // mean over its handled messages that are not on the path
};

// Of `batch`: from its activation's send by the source to its last update, or to its last handler where it has none: a
// predictor's own training goes on after that. Without: of the run. Fails where the trace has no such batch.
result<critical_path> find_critical_path(const trace_run&, const trace_filter&, std::optional<std::uint32_t> batch);

} // namespace syngrad::tools

// The part of a filter that leaves the order of events whole: its time and its node. Analyses that follow handlers read
// that, and ask the whole filter only which of their results count.
#pragma once

#include "tools/trace/trace_filter.hpp"
#include "tools/trace/trace_run.hpp"

namespace syngrad::tools {

inline trace_filter time_window(const trace_filter& filter) {
  trace_filter window;
  window.from_ns = filter.from_ns;
  window.to_ns = filter.to_ns;
  window.node = filter.node;
  return window;
}

inline std::int64_t first_ns(const trace_run& run, const trace_filter& filter) {
  return std::max(run.begin_ns(), filter.from_ns);
}
inline std::int64_t last_ns(const trace_run& run, const trace_filter& filter) {
  return filter.to_ns > run.end_ns() ? run.end_ns() : filter.to_ns - 1;
}

} // namespace syngrad::tools

// The rings that a trace is recorded through: one for each thread that may record, beside the trace while the run
// lasts.
#pragma once

#include "runtime/trace/trace_recorder.hpp"

namespace syngrad::tools {

// Rings for `threads` that run actors and the few others, taken from what `limit_bytes` allows: at most half of it.
// They are smaller where there are many; fails where they cannot be.
status plan_rings(trace_settings&, int threads);

} // namespace syngrad::tools

// What a run is told about its trace, as text, and what its recorder is made with from that.
#pragma once

#include "runtime/result.hpp"
#include "runtime/trace/trace_recorder.hpp"

#include <cstdint>
#include <string>

namespace syngrad {

struct trace_mode {
  bool off = false;
  std::uint32_t sample = 1;       // one batch in so many
  std::uint64_t flight_bytes = 0; // 0: no flight recording
};

// "off", "on", "sample:N", "flight:SIZE"
result<trace_mode> parse_trace_mode(const std::string& text);

// The mode of a run of which nobody said one: everything, where that stays under the limit; else a sample that does.
std::string usual_trace_mode(std::int64_t steps, std::int64_t groups, std::uint64_t limit_bytes);

// Bytes: a number, with K, M or G behind it for KiB, MiB, GiB.
result<std::uint64_t> parse_size(const std::string& text);

// Rings for `threads` that run actors and the few others, taken from what `limit_bytes` allows: at most half of it.
// They are smaller where there are many; fails where they cannot be.
status plan_rings(trace_settings&, int threads);

// Of a trace that is not off: what it keeps, and its rings.
result<trace_settings> trace_settings_of(const trace_mode&, std::uint64_t limit_bytes, int threads);

} // namespace syngrad

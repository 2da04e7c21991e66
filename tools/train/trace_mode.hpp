// What --trace can say, and sizes such as 64M.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>

namespace syngrad::tools {

struct trace_mode {
  bool off = false;
  std::uint32_t sample = 1;       // one batch in so many
  std::uint64_t flight_bytes = 0; // 0: no flight recording
};

result<trace_mode> parse_trace_mode(const std::string& text);
status check_trace_mode(const std::string& text);

// The mode of a run of which nobody said one: everything, where that stays under the limit; else a sample that does.
std::string usual_trace_mode(std::int64_t steps, std::int64_t groups, std::uint64_t limit_bytes);

// Bytes: a number, with K, M or G behind it for KiB, MiB, GiB.
result<std::uint64_t> parse_size(const std::string& text);

} // namespace syngrad::tools

// Numbers among the facts of a trace.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

namespace syngrad::tools {

inline std::int64_t number_or(const std::string& text, std::int64_t otherwise) {
  std::int64_t number = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && stop == text.data() + text.size() ? number : otherwise;
}

} // namespace syngrad::tools

// Values of settings and options as text: read strictly and within what they may be. Where they are not, a message says
// what was expected: "expected a whole number from 1 to 4096, got '0'". Any thread.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

struct whole_range { // both ends are allowed
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

struct real_range {
  double least;
  double most = std::numeric_limits<double>::infinity();
  bool without_least = false; // `least` itself is not allowed
  bool without_most = false;
};

result<std::int64_t> read_whole(const std::string& text, whole_range);
result<std::uint64_t> read_unsigned(const std::string& text);
result<double> read_real(const std::string& text, real_range);
result<float> read_float(const std::string& text, real_range);
result<bool> read_flag(const std::string& text); // "true" or "false"
// Whether it is one of the names; a name that comes near is suggested.
status check_choice(const std::string& text, const std::vector<std::string>& names);

// A whole text as a number: nothing before it, nothing behind it.
std::optional<std::int64_t> parse_whole(const std::string& text);
std::optional<double> parse_real(const std::string& text); // finite

// The shortest digits that read back as the same value.
std::string format_real(double value);
std::string format_real(float value);
// "a, b or c"
std::string join_choices(const std::vector<std::string>& names);

} // namespace syngrad

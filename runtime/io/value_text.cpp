#include "runtime/io/value_text.hpp"

#include "runtime/io/text_file.hpp"
#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/core.h>

namespace syngrad {

namespace {

template <class Number>
std::string shortest_digits(Number number) {
  std::array<char, 40> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

error expected(const std::string& what, const std::string& got) {
  return error::setting("expected " + what + ", got '" + visible(got) + "'");
}

std::string describe(whole_range range) {
  if (range.most == std::numeric_limits<std::int64_t>::max() || range.most == std::numeric_limits<int>::max())
    return fmt::format("a whole number of at least {}", range.least);
  return fmt::format("a whole number from {} to {}", range.least, range.most);
}

std::string describe(const real_range& range) {
  const auto low = (range.without_least ? "above " : "of at least ") + format_real(range.least);
  if (range.most == std::numeric_limits<double>::infinity()) return "a number " + low;
  return "a number " + low + (range.without_most ? " and below " : " and at most ") + format_real(range.most);
}

bool is_within(double number, const real_range& range) {
  return (range.without_least ? number > range.least : number >= range.least) &&
         (range.without_most ? number < range.most : number <= range.most);
}

} // namespace

result<std::int64_t> read_whole(const std::string& text, whole_range range) {
  const auto number = parse_whole(text);
  if (!number || *number < range.least || *number > range.most) return expected(describe(range), text);
  return *number;
}

result<std::uint64_t> read_unsigned(const std::string& text) {
  if (const auto number = parse_number<std::uint64_t>(text)) return *number;
  return expected("a whole number of at least 0", text);
}

result<double> read_real(const std::string& text, real_range range) {
  const auto number = parse_real(text);
  if (!number || !is_within(*number, range)) return expected(describe(range), text);
  return *number;
}

// Its digits are read as a float's; those of a number that is too small for one are its nearest float.
result<float> read_float(const std::string& text, real_range range) {
  const auto number = read_real(text, range);
  if (!number) return number.failure();
  const auto value = parse_number<float>(text).value_or(static_cast<float>(*number));
  if (!std::isfinite(value) || !is_within(value, range)) return expected(describe(range), text);
  return value;
}

result<bool> read_flag(const std::string& text) {
  if (text != "true" && text != "false") return expected("true or false", text);
  return text == "true";
}

status check_choice(const std::string& text, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), text) != names.end()) return ok();
  return error::setting(expected(join_choices(names), text).message + suggest(text, names, ""));
}

std::optional<std::int64_t> parse_whole(const std::string& text) {
  return parse_number<std::int64_t>(text);
}

std::optional<double> parse_real(const std::string& text) {
  const auto number = parse_number<double>(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::string format_real(double value) {
  return shortest_digits(value);
}

std::string format_real(float value) {
  return shortest_digits(value);
}

std::string join_choices(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

} // namespace syngrad

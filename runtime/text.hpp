// Small texts. Reading, strictly: numbers, and parts between separators. Writing: lists, quotes, fields of CSV, sizes
// for people. Any thread.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace syngrad {

// The number that `text` is; nothing if it is anything else, more, or does not fit.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stopped != end) return std::nullopt;
  return value;
}

// A whole number of another base than 10, without a prefix such as 0x.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text, int base) {
  Number value{};
  const auto end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, value, base);
  if (failure != std::errc() || stopped != end) return std::nullopt;
  return value;
}

// The parts between separators; an empty text has one empty part.
inline std::vector<std::string_view> split_text(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// Without the blanks and line ends around it.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

// "a, b, c": of each its text, which `text_of` (a function or a member) makes, with separators between.
template <class Range, class TextOf>
std::string join_text(const Range& all, std::string_view separator, TextOf text_of) {
  std::string text;
  bool first = true;
  for (const auto& each : all) {
    if (!std::exchange(first, false)) text += separator;
    text += std::invoke(text_of, each);
  }
  return text;
}

// Of texts as they are, or of numbers.
template <class Range>
std::string join_text(const Range& all, std::string_view separator = ", ") {
  return join_text(all, separator, [](const auto& each) {
    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(each)>>)
      return std::to_string(each);
    else
      return std::string_view(each);
  });
}

inline std::string quoted(std::string_view text) {
  std::string out = "'";
  out += text;
  out += '\'';
  return out;
}
// Nearer than std::quoted, which is another one, wherever <iomanip> is included.
inline std::string quoted(const std::string& text) {
  return quoted(std::string_view(text));
}

// A field of comma-separated values (RFC 4180), as spreadsheets and Python's csv module read it back: in quotes where
// it holds a comma, a quote or a line end; a quote is doubled.
inline std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

// A size of memory for people: "640 B", "1.5 KiB", "79.1 GiB"
inline std::string byte_size(std::size_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text.data();
}

// "0-2,4": `numbers`, which ascend, with neighbours joined. Empty: "".
inline std::string format_ranges(const std::vector<int>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto first = numbers[i];
    while (i + 1 < numbers.size() && numbers[i + 1] == numbers[i] + 1) ++i;
    text += (text.empty() ? "" : ",") + std::to_string(first);
    if (numbers[i] > first) text += "-" + std::to_string(numbers[i]);
  }
  return text;
}

} // namespace syngrad

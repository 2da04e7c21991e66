#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace syngrad::tools {

namespace {

// Columns on a terminal: characters of UTF-8, without the bytes that continue one.
std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

} // namespace

std::string text_table::str() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  std::string text;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i)
      text += (i == 0 ? "" : "  ") + std::string(widths[i] - columns_of(row[i]), ' ') + row[i];
    text += '\n';
  }
  return text;
}

std::string show_real(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  char text[64];
  const int length = std::snprintf(text, sizeof text, "%.*f", decimals, value);
  if (length < 0 || length >= static_cast<int>(sizeof text)) return std::to_string(value);
  return text;
}

std::string show_percent(double share, int decimals) {
  return std::isfinite(share) ? show_real(100 * share, decimals) + " %" : "-";
}

std::string show_metric(const metric_value& of) {
  const bool two_decimals = of.of.unit == "%" || of.value >= 10;
  const auto text = of.of.name + " " + show_real(of.value, two_decimals ? 2 : 4);
  return std::isfinite(of.value) && !of.of.unit.empty() ? text + " " + of.of.unit : text;
}

std::string show_count(std::int64_t value) {
  auto digits = std::to_string(value);
  const std::size_t sign = value < 0 ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > static_cast<std::ptrdiff_t>(sign); at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string show_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return "-";
  const auto whole = std::llround(seconds);
  char text[48];
  if (whole < 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  return text;
}

std::string show_rate(double samples_per_s, const counted_unit& unit) {
  return show_count(std::llround(samples_per_s * static_cast<double>(unit.a_sample))) + " " + unit.name + "/s";
}

} // namespace syngrad::tools

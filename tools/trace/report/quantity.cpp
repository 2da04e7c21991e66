#include "tools/trace/report/quantity.hpp"

#include "tools/progress/text_table.hpp"

#include <cmath>
#include <cstdio>
#include <span>

namespace syngrad::tools {

namespace {

struct unit {
  double size;
  const char* name;
};

std::string three_digits(double value) {
  char text[40];
  const auto size = std::abs(value);
  std::snprintf(text, sizeof text, "%.*f", size < 10 ? 2 : size < 100 ? 1 : 0, value);
  std::string shown = text;
  if (shown.find('.') != std::string::npos) {
    shown.erase(shown.find_last_not_of('0') + 1);
    if (shown.back() == '.') shown.pop_back();
  }
  return shown;
}

std::string in_units(double value, std::span<const unit> units) {
  if (!std::isfinite(value)) return "-";
  if (value == 0) return "0";
  const auto* chosen = &units.front();
  // What would be rounded up to the next unit is shown in it.
  for (const auto& each : units)
    if (std::abs(value) >= each.size * 0.9995) chosen = &each;
  return three_digits(value / chosen->size) + " " + chosen->name;
}

} // namespace

std::string show_nanoseconds(double ns) {
  static constexpr unit units[] = {{1, "ns"}, {1e3, "µs"}, {1e6, "ms"}, {1e9, "s"}};
  return in_units(ns, units);
}

std::string show_bytes(double bytes) {
  static constexpr unit units[] = {{1, "B"}, {1024, "KiB"}, {1048576, "MiB"}, {1073741824, "GiB"}};
  return in_units(bytes, units);
}

std::string show_share(double share) {
  return show_percent(share);
}

std::string show_number(double value) {
  if (!std::isfinite(value)) return "-";
  if (std::abs(value) >= 1000) return show_count(std::llround(value));
  if (value == 0) return "0";
  char text[40];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

} // namespace syngrad::tools

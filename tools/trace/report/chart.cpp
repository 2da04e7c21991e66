#include "tools/trace/report/chart.hpp"

#include "tools/progress/text_table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fmt/core.h>
#include <initializer_list>
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

// The least of `leads` times a power of ten that is no less than `value`.
double least_of(double value, std::initializer_list<double> leads) {
  if (!(value > 0) || !std::isfinite(value)) return 1;
  const auto power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double lead : leads)
    if (value <= lead * power * (1 + 1e-9)) return lead * power;
  return 10 * power;
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

double axis::at(double value) const {
  const auto clamped = std::clamp(value, from, to);
  const auto share = to <= from    ? 0.0
                     : logarithmic ? std::log(clamped / from) / std::log(to / from)
                                   : (clamped - from) / (to - from);
  return begin + share * (end - begin);
}

double round_up(double value) {
  return least_of(value, {1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0});
}

std::vector<double> round_ticks(double from, double to, int most) {
  if (!(to > from) || most < 2) return {from};
  const auto step = least_of((to - from) / (most - 1), {1.0, 2.0, 5.0});
  std::vector<double> ticks;
  const auto first = static_cast<long long>(std::ceil(from / step - 1e-9));
  const auto last = static_cast<long long>(std::floor(to / step + 1e-9));
  for (auto i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::vector<double> power_ticks(double from, double to, int most) {
  const auto first = static_cast<int>(std::ceil(std::log10(from) - 1e-9));
  const auto last = static_cast<int>(std::floor(std::log10(to) + 1e-9));
  const auto step = std::max(1, (last - first + most) / std::max(1, most));
  std::vector<double> ticks;
  for (auto power = first; power <= last; power += step) ticks.push_back(std::pow(10.0, power));
  return ticks;
}

std::string series_class(std::size_t index, std::size_t count) {
  constexpr std::size_t last = 7;
  const auto which = count < 2 ? 1 : index * last / (count - 1);
  return fmt::format("series-{}", std::min(which, last));
}

double name_column(const std::vector<std::string>& names, double picture_width) {
  double widest = 0;
  for (const auto& name : names) widest = std::max(widest, text_width(name));
  return std::min(widest + 10, picture_width / 2);
}

void draw_name(svg_canvas& canvas, const std::string& name, double column, double middle_y) {
  canvas.text(column - 8, middle_y + 4, fit_text(name, column - 8), "end");
}

void draw_x_axis(svg_canvas& canvas, const axis& scale, const axis_text& text, double top, double bottom) {
  const auto length = scale.end - scale.begin;
  const auto most = std::clamp(static_cast<int>(length / 52), 2, 9);
  const auto ticks =
    scale.logarithmic ? power_ticks(scale.from, scale.to, most) : round_ticks(scale.from, scale.to, most);
  for (const auto tick : ticks) {
    const auto x = scale.at(tick);
    canvas.line(x, top, x, bottom + 4, "grid");
    canvas.text(x, bottom + 17, text.show(tick), "middle", "tick");
  }
  canvas.line(scale.begin, bottom, scale.end, bottom, "base");
  canvas.text(scale.begin + length / 2, bottom + 34, text.title, "middle", "axis");
}

std::vector<double> y_ticks(const axis& scale) {
  constexpr int most = 6;
  return scale.logarithmic ? power_ticks(scale.from, scale.to, most) : round_ticks(scale.from, scale.to, most);
}

void draw_y_axis(svg_canvas& canvas, const axis& scale, const axis_text& text, double left, double right) {
  for (const auto tick : y_ticks(scale)) {
    const auto y = scale.at(tick);
    canvas.line(left, y, right, y, "grid");
    canvas.text(left - 6, y + 4, text.show(tick), "end", "tick");
  }
  canvas.text(0, scale.end - 14, text.title, "start", "axis");
}

} // namespace syngrad::tools

#include "tools/trace/report/svg_heat_strips.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

namespace {

constexpr double strip_thickness = 18;
constexpr int strip_levels = 20; // of strength: neighbours of the same level are one rectangle

int level_of(float value, double full) {
  if (!std::isfinite(value)) return -1;
  return static_cast<int>(std::lround(std::clamp(value / full, 0.0, 1.0) * strip_levels));
}

void draw_strip(svg_canvas& canvas, const heat_strips::strip& strip, double full, const axis& buckets, double y) {
  canvas.rect({buckets.begin, y, buckets.end - buckets.begin, strip_thickness}, "track");
  const auto count = strip.values.size();
  for (std::size_t first = 0; first < count;) {
    const auto level = level_of(strip.values[first], full);
    auto end = first + 1;
    while (end < count && level_of(strip.values[end], full) == level) ++end;
    if (level > 0) {
      const auto x = buckets.at(static_cast<double>(first));
      const auto width = buckets.at(static_cast<double>(end)) - x;
      canvas.shade({x, y, width, strip_thickness}, static_cast<double>(level) / strip_levels);
    }
    first = end;
  }
}

} // namespace

std::string draw(const heat_strips& chart, const chart_frame& frame) {
  constexpr double row = 22;
  std::vector<std::string> names;
  double notes = text_width(chart.note_title);
  for (const auto& strip : chart.strips) {
    names.push_back(strip.name);
    notes = std::max(notes, text_width(strip.note));
  }
  const auto column = name_column(names, frame.width);
  const double top = chart.note_title.empty() ? 4 : 20;
  const auto right = frame.width - std::max(right_margin, notes + 10);
  const auto bottom = top + row * static_cast<double>(chart.strips.size());
  svg_canvas canvas(frame.text, frame.width, bottom + axis_height);
  if (!chart.note_title.empty()) canvas.text(frame.width, top - 7, chart.note_title, "end", "axis");
  auto y = top + (row - strip_thickness) / 2;
  for (const auto& strip : chart.strips) {
    draw_name(canvas, strip.name, column, y + strip_thickness / 2);
    draw_strip(canvas, strip, chart.full, {0, static_cast<double>(strip.values.size()), column, right}, y);
    if (!strip.note.empty()) canvas.text(frame.width, y + 13.5, strip.note, "end", "note");
    y += row;
  }
  draw_x_axis(canvas, {chart.from, chart.to, column, right}, chart.x, bottom, bottom);
  return canvas.str();
}

} // namespace syngrad::tools

#include "tools/trace/report/svg_charts.hpp"

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

double shade_of(double value, double least, double largest) {
  constexpr double weakest = 0.22;
  if (!(value > 0)) return 0;
  if (!(largest > least)) return 1;
  return weakest + (1 - weakest) * std::clamp(std::log(value / least) / std::log(largest / least), 0.0, 1.0);
}

std::string draw(const matrix_chart& chart, const chart_frame& frame) {
  constexpr double largest_cell = 72, tallest_cell = 26, title = 18;
  const auto count = chart.names.size();
  double least = INFINITY, largest = 0;
  for (const auto& row : chart.values)
    for (const auto value : row) {
      if (value > 0) least = std::min(least, value);
      largest = std::max(largest, value);
    }
  const auto column = name_column(chart.names, frame.width);
  const auto cell_width =
    std::min(largest_cell, (frame.width - column - 4) / static_cast<double>(std::max<std::size_t>(1, count)));
  const auto height = std::min(cell_width, tallest_cell);
  const auto top = title + column;
  svg_canvas canvas(frame.text, frame.width, top + height * static_cast<double>(count) + 6);
  canvas.text(column, 12, chart.column_title + " →", "start", "axis");
  canvas.text(column - 8, top - 6, chart.row_title + " ↓", "end", "axis");
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = column + cell_width * static_cast<double>(i), y = top + height * static_cast<double>(i);
    canvas.text_upwards(x + cell_width / 2 + 4, top - 6, fit_text(chart.names[i], column - 8), "start");
    draw_name(canvas, chart.names[i], column, y + height / 2);
  }
  for (std::size_t from = 0; from < count; ++from)
    for (std::size_t to = 0; to < count; ++to) {
      const box where{column + cell_width * static_cast<double>(to) + 0.5,
                      top + height * static_cast<double>(from) + 0.5, cell_width - 1, height - 1};
      const auto value = chart.values[from][to];
      if (!(value > 0)) {
        canvas.rect(where, "track");
        continue;
      }
      const auto shown = chart.show(value);
      const auto strength = shade_of(value, least, largest);
      canvas.shade(where, strength, chart.names[from] + " to " + chart.names[to] + ": " + shown);
      if (cell_width > text_width(shown) * 0.92 + 4)
        canvas.text(where.x + where.width / 2, where.y + where.height / 2 + 4, shown, "middle",
                    strength > 0.55 ? "on-heat small" : "small");
    }
  return canvas.str();
}

} // namespace syngrad::tools

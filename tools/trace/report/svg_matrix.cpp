#include "tools/trace/report/svg_matrix.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

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

#include "tools/trace/report/svg_columns.hpp"

#include <algorithm>
#include <numeric>

namespace syngrad::tools {

namespace {

void draw_column(svg_canvas& canvas, const stacked_columns& chart, const stacked_columns::column& column, double x,
                 double width, const axis& values) {
  double done = 0;
  for (std::size_t i = 0; i < column.parts.size(); ++i) {
    if (column.parts[i] <= 0) continue;
    const auto low = values.at(done);
    done += column.parts[i];
    const auto high = values.at(done);
    canvas.rect({x, high, width, low - high}, chart.series[i].css_class,
                column.name + ", " + chart.series[i].name + ": " + chart.y.show(column.parts[i]));
  }
}

} // namespace

std::string draw(const stacked_columns& chart, const chart_frame& frame) {
  double tallest = 0, widest_name = 0;
  for (const auto& column : chart.columns) {
    tallest = std::max(tallest, std::accumulate(column.parts.begin(), column.parts.end(), 0.0));
    widest_name = std::max(widest_name, text_width(column.name));
  }
  const auto bottom = plot_top + plot_height;
  const axis values{0, round_up(tallest), bottom, plot_top};
  double left = 0;
  for (const auto tick : round_ticks(0, values.to, 6)) left = std::max(left, text_width(chart.y.show(tick)));
  left += 8;
  const auto right = frame.width - 4;
  svg_canvas canvas(frame.text, frame.width, bottom + axis_height);
  draw_y_axis(canvas, values, chart.y, left, right);
  const auto pitch = (right - left) / static_cast<double>(std::max<std::size_t>(1, chart.columns.size()));
  const auto width = std::min(pitch - std::min(4.0, pitch * 0.2), 48.0);
  // Every so many names, so that they do not run into each other.
  const auto every = static_cast<std::size_t>(std::max(1.0, (widest_name + 8) / pitch + 0.999));
  for (std::size_t i = 0; i < chart.columns.size(); ++i) {
    const auto middle = left + pitch * (static_cast<double>(i) + 0.5);
    draw_column(canvas, chart, chart.columns[i], middle - width / 2, width, values);
    if (i % every == 0) canvas.text(middle, bottom + 17, chart.columns[i].name, "middle", "tick");
  }
  canvas.line(left, bottom, right, bottom, "base");
  canvas.text(left + (right - left) / 2, bottom + 34, chart.x_title, "middle", "axis");
  return canvas.str();
}

} // namespace syngrad::tools

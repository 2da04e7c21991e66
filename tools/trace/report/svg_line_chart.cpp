#include "tools/trace/report/svg_line_chart.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

namespace {

void draw_line(svg_canvas& canvas, const line_chart::line& line, const axis& buckets, const axis& values) {
  std::vector<std::pair<double, double>> points;
  const auto flush = [&] {
    if (points.size() == 1)
      canvas.dot(points.front().first, points.front().second, 2.5, "dot " + line.series.css_class);
    else if (!points.empty())
      canvas.polyline(points, "line " + line.series.css_class);
    points.clear();
  };
  for (std::size_t i = 0; i < line.values.size(); ++i) {
    if (std::isfinite(line.values[i]))
      points.emplace_back(buckets.at(static_cast<double>(i) + 0.5), values.at(line.values[i]));
    else
      flush();
    if (!line.joined) flush();
  }
  flush();
}

} // namespace

std::string draw(const line_chart& chart, const chart_frame& frame) {
  const auto bottom = plot_top + plot_height;
  const axis values{chart.y_from, chart.y_to, bottom, plot_top};
  double left = 0;
  for (const auto tick : round_ticks(chart.y_from, chart.y_to, 6))
    left = std::max(left, text_width(chart.y.show(tick)));
  left += 8;
  const auto right = frame.width - right_margin;
  svg_canvas canvas(frame.text, frame.width, bottom + axis_height);
  draw_y_axis(canvas, values, chart.y, left, right);
  draw_x_axis(canvas, {chart.x_from, chart.x_to, left, right}, chart.x, bottom, bottom);
  if (chart.zero_line) canvas.line(left, values.at(0), right, values.at(0), "base");
  for (const auto& line : chart.lines)
    draw_line(canvas, line, {0, static_cast<double>(line.values.size()), left, right}, values);
  return canvas.str();
}

} // namespace syngrad::tools

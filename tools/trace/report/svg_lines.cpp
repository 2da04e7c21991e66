#include "tools/trace/report/svg_charts.hpp"

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

namespace {

constexpr double range_lane = 13, range_gap = 9;

double height_of(const range_chart::row& row) {
  return range_lane * static_cast<double>(std::max<std::size_t>(1, row.parts.size())) + range_gap;
}

axis scale_of(const range_chart& chart, double begin, double end) {
  double least = INFINITY, largest = 0;
  for (const auto& row : chart.rows)
    for (const auto& part : row.parts) {
      least = std::min(least, std::max(part.values.p50, chart.least));
      largest = std::max(largest, part.values.p999);
    }
  if (!std::isfinite(least)) least = chart.least;
  const auto from = std::pow(10.0, std::floor(std::log10(least) + 1e-9));
  const auto to = std::pow(10.0, std::ceil(std::log10(std::max(largest, from * 10)) - 1e-9));
  return {from, to, begin, end, true};
}

void draw_range(svg_canvas& canvas, const range_chart& chart, const std::string& name, const range_chart::part& part,
                const axis& scale, double middle) {
  const auto& series = chart.series[part.series];
  const auto& values = part.values;
  const auto at = [&](double value) { return scale.at(value); };
  canvas.line(at(values.p50), middle, at(values.p999), middle, "hair " + series.css_class);
  canvas.line(at(values.p50), middle, at(values.p99), middle, "thin " + series.css_class);
  canvas.line(at(values.p50), middle, at(values.p90), middle, "thick " + series.css_class);
  canvas.dot(at(values.p50), middle, 4.5, "median " + series.css_class,
             name + ", " + series.name + ": median " + chart.x.show(values.p50) + ", p90 " + chart.x.show(values.p90) +
               ", p99 " + chart.x.show(values.p99) + ", p99.9 " + chart.x.show(values.p999));
}

} // namespace

std::string draw(const range_chart& chart, const chart_frame& frame) {
  constexpr double top = 6;
  std::vector<std::string> names;
  double bottom = top;
  for (const auto& row : chart.rows) {
    names.push_back(row.name);
    bottom += height_of(row);
  }
  const auto column = name_column(names, frame.width);
  svg_canvas canvas(frame.text, frame.width, bottom + axis_height);
  const auto scale = scale_of(chart, column + 6, frame.width - right_margin);
  draw_x_axis(canvas, scale, chart.x, top, bottom);
  auto y = top;
  for (const auto& row : chart.rows) {
    const auto height = height_of(row);
    draw_name(canvas, row.name, column, y + height / 2);
    auto middle = y + range_gap / 2 + range_lane / 2;
    for (const auto& part : row.parts) {
      draw_range(canvas, chart, row.name, part, scale, middle);
      middle += range_lane;
    }
    y += height;
  }
  return canvas.str();
}

} // namespace syngrad::tools

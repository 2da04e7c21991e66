#include "tools/trace/report/svg_charts.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace syngrad::tools {

namespace {

constexpr double bar_thickness = 18;

void draw_bar(svg_canvas& canvas, const stacked_bars& chart, const stacked_bars::bar& bar, const axis& scale,
              double y) {
  double done = 0, end = scale.begin;
  for (std::size_t i = 0; i < bar.parts.size(); ++i) {
    const auto part = bar.parts[i];
    if (!std::isfinite(part) || part <= 0) continue;
    const auto begin = scale.at(done);
    done += part;
    end = scale.at(done);
    const auto shown = chart.x.show(part);
    canvas.rect({begin, y, end - begin, bar_thickness}, chart.series[i].css_class,
                bar.name + ": " + chart.series[i].name + " " + shown);
    // A number within where there is room, and where the note does not say the same.
    if (shown != bar.note && end - begin > text_width(shown) + 8)
      canvas.text((begin + end) / 2, y + 13.5, shown, "middle", "on-" + chart.series[i].css_class);
  }
  if (!bar.note.empty()) canvas.text(end + 6, y + 13.5, bar.note, "start", "note");
}

} // namespace

double axis_end(const stacked_bars& chart) {
  if (chart.full > 0) return chart.full;
  double longest = 0;
  for (const auto& bar : chart.bars)
    longest = std::max(longest, std::accumulate(bar.parts.begin(), bar.parts.end(), 0.0));
  return round_up(longest);
}

std::string draw(const stacked_bars& chart, const chart_frame& frame) {
  constexpr double row = 26, top = 4;
  std::vector<std::string> names;
  double notes = 0;
  for (const auto& bar : chart.bars) {
    names.push_back(bar.name);
    if (!bar.note.empty()) notes = std::max(notes, text_width(bar.note) + 8);
  }
  const auto column = name_column(names, frame.width);
  const auto bottom = top + row * static_cast<double>(chart.bars.size());
  svg_canvas canvas(frame.text, frame.width, bottom + axis_height);
  const axis scale{0, axis_end(chart), column, frame.width - std::max(right_margin, notes)};
  draw_x_axis(canvas, scale, chart.x, top, bottom);
  auto y = top + (row - bar_thickness) / 2;
  for (const auto& bar : chart.bars) {
    draw_name(canvas, bar.name, column, y + bar_thickness / 2);
    draw_bar(canvas, chart, bar, scale, y);
    y += row;
  }
  return canvas.str();
}

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

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
  const axis values{chart.y_from, chart.y_to, bottom, plot_top, chart.logarithmic};
  double left = 0;
  for (const auto tick : y_ticks(values)) left = std::max(left, text_width(chart.y.show(tick)));
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

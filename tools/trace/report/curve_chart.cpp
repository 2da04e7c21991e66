#include "tools/trace/report/curve_chart.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

namespace {

constexpr double curve_plot_height = 260;

struct bounds {
  double least = INFINITY, most = -INFINITY;

  void take(double value) {
    if (!std::isfinite(value)) return;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  bool any() const { return least <= most; }
};

axis y_axis_of(const curve_chart& chart, double bottom) {
  bounds all;
  for (const auto& curve : chart.curves)
    for (const auto& each : curve.points)
      for (const auto value : {each.y, each.low, each.high})
        if (!chart.logarithmic || value > 0) all.take(value);
  if (!all.any()) return {chart.logarithmic ? 1.0 : 0.0, 10, bottom, plot_top, chart.logarithmic};
  if (!chart.logarithmic) return {std::min(0.0, all.least), round_up(all.most), bottom, plot_top, false};
  constexpr double margin = 1.12;
  return {all.least / margin, all.most * margin, bottom, plot_top, true};
}

axis x_axis_of(const curve_chart& chart, double left, double right) {
  if (!chart.names.empty()) return {-0.5, static_cast<double>(chart.names.size()) - 0.5, left, right, false};
  bounds all;
  for (const auto& curve : chart.curves)
    for (const auto& each : curve.points) all.take(each.x);
  return {0, all.any() && all.most > 0 ? all.most : 1, left, right, false};
}

std::vector<double> ticks_of(const axis& scale) {
  return scale.logarithmic ? fine_ticks(scale.from, scale.to) : round_ticks(scale.from, scale.to, 6);
}

void draw_names(svg_canvas& canvas, const curve_chart& chart, const axis& scale, double bottom) {
  for (std::size_t i = 0; i < chart.names.size(); ++i) {
    const auto x = scale.at(static_cast<double>(i));
    canvas.line(x, bottom, x, bottom + 4, "grid");
    canvas.text(x, bottom + 17, chart.names[i], "middle", "tick");
  }
  canvas.line(scale.begin, bottom, scale.end, bottom, "base");
  canvas.text((scale.begin + scale.end) / 2, bottom + 34, chart.x.title, "middle", "axis");
}

std::string said_of(const curve_chart& chart, const curve_chart::curve& curve, const curve_chart::point& at) {
  const auto where = chart.names.empty() ? chart.x.show(at.x) : chart.names[static_cast<std::size_t>(at.x)];
  auto text = curve.series.name + ", " + where + ": " + chart.y.show(at.y);
  if (at.low != at.high) text += " (" + chart.y.show(at.low) + " to " + chart.y.show(at.high) + ")";
  return text;
}

void draw_curve(svg_canvas& canvas, const curve_chart& chart, const curve_chart::curve& curve, const axis& x,
                const axis& y) {
  const auto& css = curve.series.css_class;
  std::vector<std::pair<double, double>> middle, low, high;
  bool spread = false;
  for (const auto& each : curve.points) {
    middle.emplace_back(x.at(each.x), y.at(each.y));
    low.emplace_back(x.at(each.x), y.at(each.low));
    high.emplace_back(x.at(each.x), y.at(each.high));
    spread = spread || each.low != each.high;
  }
  if (spread && chart.dots)
    for (std::size_t i = 0; i < low.size(); ++i) canvas.polyline({low[i], high[i]}, "line hair " + css);
  if (spread && !chart.dots && low.size() > 1) {
    canvas.polyline(low, "line hair " + css);
    canvas.polyline(high, "line hair " + css);
  }
  if (middle.size() > 1) canvas.polyline(middle, "line " + css);
  if (!chart.dots && middle.size() > 1) return;
  for (const auto& each : curve.points)
    canvas.dot(x.at(each.x), y.at(each.y), 3.5, "dot " + css, said_of(chart, curve, each));
}

} // namespace

std::vector<double> fine_ticks(double from, double to) {
  constexpr std::size_t enough = 3;
  const auto powers = power_ticks(from, to, 6);
  if (powers.size() >= enough || !(from > 0)) return powers;
  std::vector<double> ticks;
  for (auto power = std::floor(std::log10(from)); power <= std::log10(to); ++power)
    for (const double lead : {1.0, 2.0, 5.0}) {
      const auto tick = lead * std::pow(10.0, power);
      if (tick >= from && tick <= to) ticks.push_back(tick);
    }
  return ticks.size() > 1 ? ticks : round_ticks(from, to, 6);
}

std::string draw(const curve_chart& chart, const chart_frame& frame) {
  const auto bottom = plot_top + curve_plot_height;
  const auto y = y_axis_of(chart, bottom);
  double left = 0;
  for (const auto tick : ticks_of(y)) left = std::max(left, text_width(chart.y.show(tick)));
  left += 8;
  const auto right = frame.width - right_margin;
  svg_canvas canvas(frame.text, frame.width, bottom + axis_height);
  for (const auto tick : ticks_of(y)) {
    canvas.line(left, y.at(tick), right, y.at(tick), "grid");
    canvas.text(left - 6, y.at(tick) + 4, chart.y.show(tick), "end", "tick");
  }
  canvas.text(0, y.end - 14, chart.y.title, "start", "axis");
  const auto x = x_axis_of(chart, left, right);
  if (chart.names.empty())
    draw_x_axis(canvas, x, chart.x, bottom, bottom);
  else
    draw_names(canvas, chart, x, bottom);
  for (const auto& curve : chart.curves) draw_curve(canvas, chart, curve, x, y);
  return canvas.str();
}

} // namespace syngrad::tools

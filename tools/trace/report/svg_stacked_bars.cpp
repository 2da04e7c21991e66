#include "tools/trace/report/svg_stacked_bars.hpp"

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

} // namespace syngrad::tools

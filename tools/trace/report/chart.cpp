#include "tools/trace/report/chart.hpp"

#include <algorithm>

namespace syngrad::tools {

std::string series_class(std::size_t index, std::size_t count) {
  constexpr std::size_t last = 7;
  const auto which = count < 2 ? 1 : index * last / (count - 1);
  return "series-" + std::to_string(std::min(which, last));
}

double name_column(const std::vector<std::string>& names, double picture_width) {
  double widest = 0;
  for (const auto& name : names) widest = std::max(widest, text_width(name));
  return std::min(widest + 10, picture_width / 3);
}

void draw_name(svg_canvas& canvas, const std::string& name, double column, double middle_y) {
  canvas.text(column - 8, middle_y + 4, fit_text(name, column - 8), "end");
}

void draw_x_axis(svg_canvas& canvas, const axis& scale, const axis_text& text, double top, double bottom) {
  const auto length = scale.end - scale.begin;
  const auto most = std::clamp(static_cast<int>(length / 52), 2, 9);
  const auto ticks =
    scale.logarithmic ? power_ticks(scale.from, scale.to, most) : round_ticks(scale.from, scale.to, most);
  for (const auto tick : ticks) {
    const auto x = scale.at(tick);
    canvas.line(x, top, x, bottom + 4, "grid");
    canvas.text(x, bottom + 17, text.show(tick), "middle", "tick");
  }
  canvas.line(scale.begin, bottom, scale.end, bottom, "base");
  canvas.text(scale.begin + length / 2, bottom + 34, text.title, "middle", "axis");
}

void draw_y_axis(svg_canvas& canvas, const axis& scale, const axis_text& text, double left, double right) {
  for (const auto tick : round_ticks(scale.from, scale.to, 6)) {
    const auto y = scale.at(tick);
    canvas.line(left, y, right, y, "grid");
    canvas.text(left - 6, y + 4, text.show(tick), "end", "tick");
  }
  canvas.text(0, scale.end - 14, text.title, "start", "axis");
}

} // namespace syngrad::tools

// What the pictures of a report share: their frame, and axes with ticks, grid lines, titles.
#pragma once

#include "tools/trace/report/axis.hpp"
#include "tools/trace/report/quantity.hpp"
#include "tools/trace/report/svg_canvas.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

// The same picture is drawn for wide and for narrow screens; type has the same size in both.
struct chart_frame {
  picture_text text;
  double width = 880;
};

struct axis_text {
  std::string title; // with the unit, unless the ticks have it: "share of the run"
  show_quantity show = show_number;
};

struct chart_series {
  std::string name, css_class; // "busy", "busy"
};

// One of the eight classes "series-0" to "series-7", which go from cold to warm: for things that have an order.
std::string series_class(std::size_t index, std::size_t count);

inline constexpr double axis_height = 40;  // ticks and title below a plot
inline constexpr double plot_top = 30;     // of a plot with a y axis: room for its title
inline constexpr double plot_height = 200; // of the same
inline constexpr double right_margin = 26; // room for half of the last tick's label

// Room for the names at the left: as much as they need, up to a third of the picture.
double name_column(const std::vector<std::string>& names, double picture_width);
// The name of a row, right-aligned at the end of the name column.
void draw_name(svg_canvas&, const std::string& name, double column, double middle_y);

// Ticks with grid lines from `top` to `bottom`, labels and title below `bottom`.
void draw_x_axis(svg_canvas&, const axis&, const axis_text&, double top, double bottom);
// Ticks with grid lines from `left` to `right`, labels at the left; the title above the plot's top left corner.
void draw_y_axis(svg_canvas&, const axis&, const axis_text&, double left, double right);

} // namespace syngrad::tools

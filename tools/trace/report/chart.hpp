// What the pictures of a report share: SVG text, their frame, amounts with units, and axes with ticks, grid lines,
// titles.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syngrad::tools {

// What a picture is called; screen readers read it out. `id` is unique in the page.
struct picture_text {
  std::string id, title, description;
};

struct box {
  double x = 0, y = 0, width = 0, height = 0;
};

std::string escape_markup(std::string_view text);
// As a picture's coordinates are written: one decimal, without trailing zeros.
std::string coordinate(double value);
// About how wide `text` is in the pictures' type (12 px).
double text_width(std::string_view text);
// `text`, cut with an ellipsis where it is wider.
std::string fit_text(std::string_view text, double width);

// One picture as SVG text. Colours are classes of the page's style sheet, so that light and dark are its business.
//
// Names may hold anything: what is markup is escaped, and bytes that XML forbids become U+FFFD.
class svg_canvas {
public:
  svg_canvas(const picture_text&, double width, double height);

  // `tooltip` is shown while the pointer is over it; empty: none.
  void rect(const box&, std::string_view css_class, std::string_view tooltip = {});
  // In the heat colour, at a strength of 0 to 1.
  void shade(const box&, double strength, std::string_view tooltip = {});
  void line(double x1, double y1, double x2, double y2, std::string_view css_class);
  void polyline(const std::vector<std::pair<double, double>>&, std::string_view css_class);
  void dot(double x, double y, double radius, std::string_view css_class, std::string_view tooltip = {});
  // `anchor`: start, middle or end. y: of the base line.
  void text(double x, double y, std::string_view content, std::string_view anchor, std::string_view css_class = {});
  // Reads upwards, and ends or starts at (x, y).
  void text_upwards(double x, double y, std::string_view content, std::string_view anchor,
                    std::string_view css_class = {});

  std::string str() const { return out_ + "</svg>\n"; }

private:
  void close(std::string_view element, std::string_view tooltip);

  std::string out_;
};

// Amounts as a report shows them: three digits and the unit that suits.

// How a chart writes a value of its axis.
using show_quantity = std::string (*)(double);

std::string show_nanoseconds(double ns); // 1'500 -> "1.5 µs"; 0 -> "0"
std::string show_bytes(double bytes);    // 1536 -> "1.5 KiB"
std::string show_share(double share);    // 0.25 -> "25 %"
std::string show_number(double value);   // 0.125 -> "0.125"; 12345 -> "12,345"

// From values to positions in a picture: linear and logarithmic, with ticks at round values.
struct axis {
  double from = 0, to = 1;   // values; on a logarithmic axis above 0
  double begin = 0, end = 1; // where they are in the picture
  bool logarithmic = false;

  // Values outside are drawn at the edge.
  double at(double value) const;
};

// 1, 2 or 5 times a power of ten apart, between `from` and `to`, at most `most` of them.
std::vector<double> round_ticks(double from, double to, int most);
// Powers of ten from `from` to `to`, thinned out to at most `most`.
std::vector<double> power_ticks(double from, double to, int most);
// A round number that is no less than `value`, and little more: for the end of an axis. 1 for what is not above 0.
double round_up(double value);

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

// Room for the names at the left: as much as they need, up to half of the picture.
double name_column(const std::vector<std::string>& names, double picture_width);
// The name of a row, right-aligned at the end of the name column.
void draw_name(svg_canvas&, const std::string& name, double column, double middle_y);

// Ticks with grid lines from `top` to `bottom`, labels and title below `bottom`.
void draw_x_axis(svg_canvas&, const axis&, const axis_text&, double top, double bottom);
std::vector<double> y_ticks(const axis&);
// Ticks with grid lines from `left` to `right`, labels at the left; the title above the plot's top left corner.
void draw_y_axis(svg_canvas&, const axis&, const axis_text&, double left, double right);

} // namespace syngrad::tools

// One picture as SVG text. Colours are classes of the page's style sheet, so that light and dark are its business.
//
// Names may hold anything: what is markup is escaped, and bytes that XML forbids become U+FFFD.
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
std::string place(double value);
// About how wide `text` is in the pictures' type (12 px).
double text_width(std::string_view text);
// `text`, cut with an ellipsis where it is wider.
std::string fit_text(std::string_view text, double width);

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

} // namespace syngrad::tools

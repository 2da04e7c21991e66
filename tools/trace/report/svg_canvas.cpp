#include "tools/trace/report/chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace syngrad::tools {

namespace {

constexpr double mean_character = 7.4; // of the wider sans-serif faces at 12 px

std::string attribute(std::string_view name, std::string_view value) {
  std::string out = " ";
  out.append(name).append("=\"").append(value).append("\"");
  return out;
}

std::string attribute(std::string_view name, double value) {
  return attribute(name, coordinate(value));
}

std::string class_attribute(std::string_view css_class) {
  return css_class.empty() ? "" : attribute("class", css_class);
}

// Edges are rounded, not widths: neighbours that share an edge leave no gap.
box snapped(const box& where) {
  const auto tenths = [](double value) { return std::round(value * 10) / 10; };
  const auto x = tenths(where.x), y = tenths(where.y);
  return {x, y, tenths(where.x + where.width) - x, tenths(where.y + where.height) - y};
}

std::string attributes(const box& where) {
  const auto [x, y, width, height] = snapped(where);
  return attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height);
}

// Bytes of the UTF-8 character at the start of `text`, or 0 where there is none.
std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length == 0 || lead >= 0xf5 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  return length;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = character_length(text);
    const auto c = text.front();
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (length == 0 || (length == 1 && static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'))
      out += "\uFFFD";
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return out;
}

std::string coordinate(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.1f", value);
  std::string out = text;
  if (out.ends_with(".0")) out.erase(out.size() - 2);
  return out == "-0" ? "0" : out;
}

double text_width(std::string_view text) {
  return static_cast<double>(characters(text)) * mean_character;
}

std::string fit_text(std::string_view text, double width) {
  if (text_width(text) <= width) return std::string(text);
  const auto kept = static_cast<std::size_t>(std::max(1.0, std::floor(width / mean_character) - 1));
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size(); ++end)
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && count++ == kept) break;
  return std::string(text.substr(0, end)) + "…";
}

svg_canvas::svg_canvas(const picture_text& text, double width, double height) {
  const auto id = escape_markup(text.id);
  out_ = "<svg viewBox=\"0 0 " + coordinate(width) + " " + coordinate(height) + "\" role=\"img\" aria-labelledby=\"" +
         id + "-title " + id + "-desc\" xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"" + id + "-title\">" +
         escape_markup(text.title) + "</title><desc id=\"" + id + "-desc\">" + escape_markup(text.description) +
         "</desc>\n";
}

void svg_canvas::close(std::string_view element, std::string_view tooltip) {
  if (tooltip.empty())
    out_ += "/>\n";
  else
    out_.append("><title>").append(escape_markup(tooltip)).append("</title></").append(element).append(">\n");
}

void svg_canvas::rect(const box& where, std::string_view css_class, std::string_view tooltip) {
  out_ += "<rect" + class_attribute(css_class) + attributes(where);
  close("rect", tooltip);
}

void svg_canvas::shade(const box& where, double strength, std::string_view tooltip) {
  char opacity[16];
  std::snprintf(opacity, sizeof opacity, "%.2f", std::clamp(strength, 0.0, 1.0));
  out_ += "<rect class=\"heat\"" + attributes(where) + attribute("fill-opacity", opacity);
  close("rect", tooltip);
}

void svg_canvas::line(double x1, double y1, double x2, double y2, std::string_view css_class) {
  out_ += "<line" + class_attribute(css_class) + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
          attribute("y2", y2) + "/>\n";
}

void svg_canvas::polyline(const std::vector<std::pair<double, double>>& points, std::string_view css_class) {
  std::string coordinates;
  for (const auto& [x, y] : points)
    coordinates += (coordinates.empty() ? "" : " ") + coordinate(x) + "," + coordinate(y);
  out_ += "<polyline" + class_attribute(css_class) + attribute("points", coordinates) + "/>\n";
}

void svg_canvas::dot(double x, double y, double radius, std::string_view css_class, std::string_view tooltip) {
  out_ += "<circle" + class_attribute(css_class) + attribute("cx", x) + attribute("cy", y) + attribute("r", radius);
  close("circle", tooltip);
}

void svg_canvas::text(double x, double y, std::string_view content, std::string_view anchor,
                      std::string_view css_class) {
  out_ += "<text" + class_attribute(css_class) + attribute("x", x) + attribute("y", y) +
          attribute("text-anchor", anchor) + ">" + escape_markup(content) + "</text>\n";
}

void svg_canvas::text_upwards(double x, double y, std::string_view content, std::string_view anchor,
                              std::string_view css_class) {
  out_ += "<text" + class_attribute(css_class) + " transform=\"translate(" + coordinate(x) + " " + coordinate(y) +
          ") rotate(-90)\"" + attribute("text-anchor", anchor) + ">" + escape_markup(content) + "</text>\n";
}

} // namespace syngrad::tools

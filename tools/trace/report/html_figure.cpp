#include "tools/trace/report/html_figure.hpp"

#include "tools/trace/answer_format.hpp"

namespace syngrad::tools {

namespace {

constexpr double whole_width = 950, half_width = 440, phone_width = 366;

bool is_words(const cell& value) {
  return std::holds_alternative<std::string>(value);
}

std::string cell_markup(const cell& value, const answer_column& column) {
  return std::holds_alternative<std::monostate>(value) ? "–" : escape_markup(cell_text(value, column));
}

std::string legend(const std::vector<legend_entry>& entries) {
  if (entries.empty()) return "";
  std::string out = "<ul class=\"legend\">";
  for (const auto& entry : entries) {
    out += "<li>";
    if (!entry.css_class.empty()) {
      char opacity[32] = "";
      if (entry.strength < 1) std::snprintf(opacity, sizeof opacity, " style=\"opacity:%.2f\"", entry.strength);
      out += "<i class=\"" + entry.css_class + "\"" + opacity + "></i>";
    }
    out += escape_markup(entry.name) + "</li>";
  }
  return out + "</ul>\n";
}

// Of the same picture for one kind of screen.
std::string picture(const report_figure& figure, const std::string& kind, double width) {
  auto svg = figure.draw({{figure.id + "-" + kind, figure.title, figure.look_for}, width});
  return "<svg class=\"" + kind + "\"" + svg.substr(4);
}

} // namespace

std::string html_of(const answer_table& table) {
  std::string out = "<table><thead><tr>";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const bool words = !table.rows.empty() && is_words(table.rows.front()[i]);
    out += std::string("<th scope=\"col\"") + (words ? " class=\"words\"" : "") + ">" +
           escape_markup(column_heading(table.columns[i])) + "</th>";
  }
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out += (is_words(row[i]) ? "<td class=\"words\">" : "<td>") + cell_markup(row[i], table.columns[i]) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

std::string html_of(const report_figure& figure) {
  const auto heading = figure.id + "-heading";
  std::string out = "<section id=\"" + figure.id + "\" aria-labelledby=\"" + heading + "\"" +
                    (figure.half ? " class=\"half\"" : "") + ">\n<h2 id=\"" + heading + "\">" +
                    escape_markup(figure.title) + "</h2>\n";
  if (!figure.empty.empty()) return out + "<p class=\"empty\">" + escape_markup(figure.empty) + "</p>\n</section>\n";
  out += "<p class=\"look-for\">" + escape_markup(figure.look_for) + "</p>\n<figure>\n" + legend(figure.legend);
  out += picture(figure, "wide", figure.half ? half_width : whole_width) + picture(figure, "narrow", phone_width);
  out += "</figure>\n";
  if (!figure.table.rows.empty())
    out +=
      "<details><summary>The numbers</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" +
      escape_markup(figure.title) + ", the numbers\">\n" + html_of(figure.table) + "</div></details>\n";
  return out + "</section>\n";
}

} // namespace syngrad::tools

#include "tools/trace/report/figure_page.hpp"

#include "tools/trace/report/report.hpp"

#include <cstdio>

namespace syngrad::tools {

namespace {

constexpr double whole_width = 950, half_width = 440, phone_width = 366;

// Long lists, such as a model's, may be broken behind a comma.
std::string breakable(const std::string& markup) {
  std::string out;
  for (const char c : markup) out += c == ',' ? std::string(",<wbr/>") : std::string(1, c);
  return out;
}

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

std::string page_head(const std::string& title) {
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>" +
         escape_markup(title) + " – syngrad</title>\n<style>" + std::string(page_style()) +
         "</style>\n</head>\n<body>\n<main>\n";
}

std::string html_of(const std::vector<page_fact>& facts) {
  std::string out = "<dl class=\"facts\">\n";
  for (const auto& [name, value, words] : facts)
    out += std::string("<div") + (words ? " class=\"words\"" : "") + "><dt>" + escape_markup(name) + "</dt><dd>" +
           (words ? breakable(escape_markup(value)) : escape_markup(value)) + "</dd></div>\n";
  return out + "</dl>\n";
}

} // namespace syngrad::tools

#include "tools/trace/report/report.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/answer.hpp"
#include "tools/trace/report/figures.hpp"

#include <cmath>
#include <fmt/core.h>
#include <string>

namespace syngrad::tools {

namespace {

// A figure as a section of the page: heading, what to look for, legend, the picture for wide and for narrow screens,
// and the numbers behind <details>.
std::string html_of(const report_figure&);
std::string html_of(const answer_table&);

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

std::string count_text(std::uint64_t value) {
  return show_count(static_cast<std::int64_t>(value));
}

struct fact {
  std::string name, value;
  bool words = false; // smaller type: may be long
};

std::vector<fact> headline(const report_data& data) {
  std::vector<fact> facts;
  const auto add = [&](const std::string& name, const std::string& value, bool words = false) {
    if (!value.empty()) facts.push_back({name, value, words});
  };
  const auto add_number = [&](const std::string& name, double value, const std::string& shown) {
    if (std::isfinite(value)) add(name, shown);
  };
  const auto& summary = data.summary;
  add("policy", data.names.fact("policy"), true);
  add("model", data.names.fact("model"), true);
  const std::string percent = "_percent";
  const bool in_percent = summary.metric.ends_with(percent);
  const auto metric = summary.metric.substr(0, summary.metric.size() - (in_percent ? percent.size() : 0));
  add_number("test " + metric, summary.test_metric,
             in_percent ? show_real(summary.test_metric, 2) + " %" : show_real(summary.test_metric, 4));
  const auto unit = unit_of(data.names);
  const auto rate = summary.samples_per_s * static_cast<double>(unit.a_sample);
  add_number(unit.name + " a second", rate, show_number(rate));
  add("time traced", show_nanoseconds(static_cast<double>(data.span_ns)));
  add("groups", data.names.fact("groups"));
  add("threads", data.names.fact("threads"));
  add("batch size", data.names.fact("batch_size"));
  add("records", count_text(data.records));
  add("records lost", count_text(data.lost));
  return facts;
}

std::vector<std::string> warnings(const report_data& data) {
  std::vector<std::string> out;
  if (data.lost > 0)
    out.push_back(count_text(data.lost) + " records were lost: numbers below miss what they would have said.");
  if (data.sample > 1)
    out.push_back(
      fmt::format("One batch in {} was recorded: shares of time are estimates, and waits are not known.", data.sample));
  if (!data.ended)
    out.push_back("The trace has no end: the run goes on, or was killed. `syngrad trace recover` reads what is left.");
  if (!data.summary.end.empty() && data.summary.end != "finished" && data.summary.end != "target_reached")
    out.push_back("The run did not end by itself: " + data.summary.end + ".");
  if (data.nodes > 1)
    out.push_back(data.clock_uncertainty_ns < 0
                    ? "The clocks of the nodes were not compared: times between nodes are unknown."
                    : "Times between nodes are known within " +
                        show_nanoseconds(static_cast<double>(data.clock_uncertainty_ns)) + ".");
  for (const auto& damage : data.damage) out.push_back("Damaged: " + damage);
  return out;
}

std::string head(const report_data& data) {
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>";
  return out + escape_markup(data.run) + " – syngrad</title>\n<style>" + std::string(page_style()) +
         "</style>\n</head>\n<body>\n<main>\n";
}

// Long lists, such as a model's, may be broken behind a comma.
std::string breakable(const std::string& markup) {
  std::string out;
  for (const char c : markup) out += c == ',' ? std::string(",<wbr/>") : std::string(1, c);
  return out;
}

std::string header(const report_data& data) {
  std::string out = "<header>\n<h1>" + escape_markup(data.run) +
                    "</h1>\n<p class=\"soft\">Where the time, the gradients and the bytes of this training run went";
  if (!data.started.empty()) out += "; started " + escape_markup(data.started);
  out += ".</p>\n<dl class=\"facts\">\n";
  for (const auto& [name, value, words] : headline(data))
    out += std::string("<div") + (words ? " class=\"words\"" : "") + "><dt>" + escape_markup(name) + "</dt><dd>" +
           (words ? breakable(escape_markup(value)) : escape_markup(value)) + "</dd></div>\n";
  out += "</dl>\n";
  for (const auto& warning : warnings(data)) out += "<p class=\"warning\">" + escape_markup(warning) + "</p>\n";
  return out + "</header>\n";
}

std::string bottleneck_card(const report_data& data) {
  std::string out = "<section class=\"card\" aria-labelledby=\"bottlenecks\">\n<h2 id=\"bottlenecks\">The largest "
                    "bottlenecks</h2>\n";
  if (data.bottlenecks.empty())
    return out + "<p class=\"look-for\">Nothing stands out in this trace.</p>\n</section>\n";
  out += "<ol class=\"bottlenecks\">\n";
  for (const auto& sentence : data.bottlenecks) out += "<li>" + escape_markup(sentence) + "</li>\n";
  return out + "</ol>\n</section>\n";
}

std::string contents(const std::vector<report_figure>& figures) {
  std::string out = "<nav aria-label=\"Pictures\"><ul>\n";
  for (const auto& figure : figures)
    out += "<li><a href=\"#" + figure.id + "\">" + escape_markup(figure.title) + "</a></li>\n";
  return out + "</ul></nav>\n";
}

} // namespace

std::string make_report(const report_data& data) {
  const auto figures = report_figures(data);
  auto out = head(data) + header(data) + bottleneck_card(data) + contents(figures) + "<div class=\"figures\">\n";
  for (const auto& figure : figures) out += html_of(figure);
  return out + "</div>\n<footer>Made by <code>syngrad trace report</code> from " + count_text(data.records) +
         " records, " + count_text(data.lost) +
         " lost. <code>syngrad trace --help</code> lists the commands that say "
         "more.</footer>\n</main>\n</body>\n</html>\n";
}

} // namespace syngrad::tools

#include "tools/trace/report/report_page.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/html_figure.hpp"
#include "tools/trace/report/page_style.hpp"

#include <cmath>

namespace syngrad::tools {

namespace {

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
  add_number("samples a second", summary.samples_per_s, show_number(summary.samples_per_s));
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
    out.push_back("One batch in " + std::to_string(data.sample) +
                  " was recorded: shares of time are estimates, and waits are not known.");
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

std::string header(const report_data& data) {
  std::string out = "<header>\n<h1>" + escape_markup(data.run) +
                    "</h1>\n<p class=\"soft\">Where the time, the gradients and the bytes of this training run went";
  if (!data.started.empty()) out += "; started " + escape_markup(data.started);
  out += ".</p>\n<dl class=\"facts\">\n";
  for (const auto& [name, value, words] : headline(data))
    out += std::string("<div") + (words ? " class=\"words\"" : "") + "><dt>" + escape_markup(name) + "</dt><dd>" +
           escape_markup(value) + "</dd></div>\n";
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

#include "tools/trace/report/report.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/report/figure_page.hpp"
#include "tools/trace/report/figures.hpp"

#include <cmath>
#include <fmt/core.h>
#include <string>

namespace syngrad::tools {

namespace {

std::string count_text(std::uint64_t value) {
  return show_count(static_cast<std::int64_t>(value));
}

std::vector<page_fact> headline(const report_data& data) {
  std::vector<page_fact> facts;
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
  if (!data.summary.end.empty() && data.summary.end != "finished" && data.summary.end != "target_reached" &&
      data.summary.end != "time_over")
    out.push_back("The run did not end by itself: " + data.summary.end + ".");
  if (data.nodes > 1)
    out.push_back(data.clock_uncertainty_ns < 0
                    ? "The clocks of the nodes were not compared: times between nodes are unknown."
                    : "Times between nodes are known within " +
                        show_nanoseconds(static_cast<double>(data.clock_uncertainty_ns)) + ".");
  for (const auto& damage : data.damage) out.push_back("Damaged: " + damage);
  return out;
}

std::string header(const report_data& data) {
  std::string out = "<header>\n<h1>" + escape_markup(data.run) +
                    "</h1>\n<p class=\"soft\">Where the time, the gradients and the bytes of this training run went";
  if (!data.started.empty()) out += "; started " + escape_markup(data.started);
  out += ".</p>\n" + html_of(headline(data));
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
  auto out =
    page_head(data.run) + header(data) + bottleneck_card(data) + contents(figures) + "<div class=\"figures\">\n";
  for (const auto& figure : figures) out += html_of(figure);
  return out + "</div>\n<footer>Made by <code>syngrad trace report</code> from " + count_text(data.records) +
         " records, " + count_text(data.lost) +
         " lost. <code>syngrad trace --help</code> lists the commands that say "
         "more.</footer>\n</main>\n</body>\n</html>\n";
}

} // namespace syngrad::tools

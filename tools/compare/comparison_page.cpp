#include "tools/compare/comparison_page.hpp"

#include "tools/compare/comparison_figures.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/trace/report/figure_page.hpp"

#include <cmath>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

std::vector<page_fact> facts_of(const comparison_results& results, const comparison_facts& facts) {
  using standing = run_result::standing;
  const auto count = [&](standing state) { return show_count(static_cast<std::int64_t>(results.count(state))); };
  std::vector<page_fact> out;
  out.push_back({"runs", show_count(static_cast<std::int64_t>(results.runs.size()))});
  if (results.count(standing::finished) > 0 || results.count(standing::reached) == 0)
    out.push_back({"finished", count(standing::finished)});
  if (results.count(standing::reached) > 0) out.push_back({"reached the target", count(standing::reached)});
  if (results.count(standing::failed) > 0) out.push_back({"failed", count(standing::failed)});
  if (const auto left = results.count(standing::missing) + results.count(standing::partial); left > 0)
    out.push_back({"still to be made", show_count(static_cast<std::int64_t>(left))});
  out.push_back({"seeds", show_count(static_cast<std::int64_t>(results.plan.axes.back().values.size()))});
  if (!facts.machine.empty()) out.push_back({"machine", facts.machine, true});
  return out;
}

std::string settings_section(const comparison_results& results, const comparison_facts& facts) {
  answer_table table{"settings", {{"option", ""}, {"values", ""}}, {}};
  for (const auto& axis : results.plan.axes) {
    std::string values;
    for (const auto& each : axis.values) values += (values.empty() ? "" : "; ") + each.name;
    table.rows.push_back({axis.name, values});
  }
  for (const auto& each : results.plan.common)
    table.rows.push_back({"--" + each.option, each.value.empty() ? std::string("given") : each.value});
  return "<section id=\"settings\">\n<h2>Settings and seeds</h2>\n<p class=\"look-for\">Above what the runs differ in, "
         "below what all have in common; everything else is as <code>syngrad train</code> has it by default. Made "
         "by</p>\n"
         "<p><code>" +
         escape_markup(facts.command) + "</code></p>\n<div class=\"scroll whole\">" + html_of(table) +
         "</div>\n</section>\n";
}

std::string failures_section(const comparison_results& results) {
  std::string items;
  for (std::size_t i = 0; i < results.runs.size(); ++i) {
    const auto& run = results.result_of(i);
    if (run.state != run_result::standing::failed) continue;
    items += "<li><code>" + escape_markup(results.runs[i].folder) + "</code>: " + escape_markup(run.why) + "</li>\n";
  }
  if (items.empty()) return "";
  return "<section id=\"failed\" class=\"card\">\n<h2>Runs that failed</h2>\n<ul>\n" + items + "</ul>\n</section>\n";
}

std::string table_section(const comparison_results& results) {
  return "<section id=\"numbers\">\n<h2>What each reached, and what it cost</h2>\n<p class=\"look-for\">Medians over "
         "the "
         "seeds, with least and most where that is of interest. Time to target: seconds of training, evaluations not "
         "counted. Staleness: updates between a gradient's forward pass and its use, mean over the groups. Bytes: over "
         "links, a sample. Work: multiply-adds a step. Memory: most that was in use at once. Joules: of the whole "
         "processor package, where the machine tells.</p>\n<div class=\"scroll whole\">" +
         html_of(configuration_table(results)) + "</div>\n</section>\n";
}

} // namespace

std::string make_comparison_page(const comparison_results& results, const comparison_facts& facts) {
  const auto figures = comparison_figures(results);
  auto out = page_head(facts.title) + "<header>\n<h1>" + escape_markup(facts.title) +
             "</h1>\n<p class=\"soft\">Policies side by side, at equal seconds of training.</p>\n" +
             html_of(facts_of(results, facts));
  if (std::isfinite(facts.left_s))
    out += "<p class=\"warning\">Not all runs are made yet: about " + show_duration(facts.left_s) + " are left.</p>\n";
  out += "</header>\n" + failures_section(results) + "<div class=\"figures\">\n";
  for (const auto& figure : figures) out += html_of(figure);
  out += table_section(results) + settings_section(results, facts);
  return out + "</div>\n<footer>Made by <code>syngrad compare</code>; every run's numbers are in <code>runs.csv</code> "
               "beside this page, its files in <code>runs/</code>.</footer>\n</main>\n</body>\n</html>\n";
}

} // namespace syngrad::tools

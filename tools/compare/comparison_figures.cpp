#include "tools/compare/comparison_figures.hpp"

#include "tools/trace/report/curve_chart.hpp"
#include "tools/trace/report/svg_charts.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>
#include <map>

namespace syngrad::tools {

namespace {

constexpr std::size_t most_panels = 12; // of a kind: a page stays one that is looked at
constexpr int times_in_a_curve = 60;

// Configurations that one picture shows: those that differ in the axes which it shows alone.
struct panel {
  std::string name; // what all of them have in common, of what others differ in
  std::vector<const configuration*> shown;
};

std::vector<panel> panels_of(const comparison_results& results, const std::vector<std::string>& own_axes) {
  std::vector<panel> out;
  std::map<std::string, std::size_t> known;
  const auto& axes = results.plan.axes;
  for (const auto& each : results.configurations) {
    std::string name;
    for (std::size_t i = 0; i < each.at.size(); ++i) {
      const bool own = std::find(own_axes.begin(), own_axes.end(), axes[i].name) != own_axes.end();
      if (own || axes[i].values.size() == 1) continue;
      const auto& value = axes[i].values[each.at[i]].name;
      name += (name.empty() ? "" : ", ") + (axes[i].name == "groups" ? value + " groups"
                                            : axes[i].name == "link" ? "links of " + value
                                                                     : axes[i].name + " " + value);
    }
    const auto [found, added] = known.emplace(name, out.size());
    if (added) out.push_back({name, {}});
    out[found->second].shown.push_back(&each);
  }
  return out;
}

// Each policy has one colour on the whole page.
chart_series series_of(const comparison_results& results, const configuration& of) {
  const auto& policies = results.plan.axes.front().values;
  return {policies[of.at.front()].name, series_class(of.at.front(), policies.size())};
}

std::string metric_title(const comparison_results& results) {
  const auto unit = results.metric_unit();
  return results.metric_text() + (unit.empty() ? "" : ", " + unit);
}

std::string show_seconds(double seconds) {
  return seconds < 10 ? fmt::format("{:.2g} s", seconds) : fmt::format("{:.0f} s", seconds);
}

void add_legend(report_figure& figure, const curve_chart& chart) {
  std::vector<chart_series> series;
  for (const auto& each : chart.curves) series.push_back(each.series);
  figure.legend = legend_of(series);
}

std::string in_title(const std::string& what, const panel& of) {
  return of.name.empty() ? what : what + ": " + of.name;
}

report_figure metric_figure(const comparison_results& results, const panel& of, std::size_t number) {
  report_figure out;
  out.id = fmt::format("metric-{}", number);
  out.title = in_title("What is reached, and when", of);
  out.look_for = "Median over the seeds at each second of training, between thin lines from the least to the most. "
                 "Evaluations are not counted as training.";
  out.half = results.configurations.size() > of.shown.size();
  curve_chart chart;
  chart.logarithmic = true;
  chart.x = {"seconds of training", show_number};
  chart.y = {metric_title(results), show_number};
  out.table = {"metric",
               {{"policy", ""}, {"trained_s", "", 1}, {results.metric_name, "", 4}, {"least", "", 4}, {"most", "", 4}},
               {}};
  for (const auto* each : of.shown) {
    curve_chart::curve curve{series_of(results, *each), {}};
    for (const auto& at : metric_over_time(*each, times_in_a_curve)) {
      curve.points.push_back({at.trained_s, at.metric.median, at.metric.least, at.metric.most});
      out.table.rows.push_back({curve.series.name, at.trained_s, at.metric.median, at.metric.least, at.metric.most});
    }
    if (!curve.points.empty()) chart.curves.push_back(std::move(curve));
  }
  if (chart.curves.empty()) out.empty = "No run has come to its end yet.";
  add_legend(out, chart);
  show(out, std::move(chart));
  return out;
}

std::string sentence_of_target(const comparison_results& results) {
  return "Seconds of training until an evaluation reached " + results.target_text() + results.target_source() +
         ": the median over the seeds, and a line from the least to the most. Who has no point has not reached it with "
         "half of the seeds.";
}

report_figure latency_figure(const comparison_results& results, const panel& of, std::size_t link, std::size_t number) {
  const auto& axis = results.plan.axes[link];
  report_figure out;
  out.id = fmt::format("target-{}", number);
  out.title = in_title("Time to target against latency", of);
  out.look_for = sentence_of_target(results);
  curve_chart chart;
  chart.logarithmic = true;
  chart.dots = true;
  for (const auto& each : axis.values) chart.names.push_back(each.name);
  chart.x = {"delay of each link, one way", show_number};
  chart.y = {"seconds to " + results.target_text(), show_seconds};
  out.table = {
    "time_to_target", {{"policy", ""}, {"link", ""}, {"seconds", "", 1}, {"least", "", 1}, {"most", "", 1}}, {}};
  std::map<std::size_t, curve_chart::curve> by_policy;
  for (const auto* each : of.shown) {
    auto& curve =
      by_policy.try_emplace(each->at.front(), curve_chart::curve{series_of(results, *each), {}}).first->second;
    const auto time = results.time_to_target(*each);
    out.table.rows.push_back({curve.series.name, axis.values[each->at[link]].name, real_or_none(time.median),
                              real_or_none(time.least), real_or_none(time.most)});
    if (time.any()) curve.points.push_back({static_cast<double>(each->at[link]), time.median, time.least, time.most});
  }
  for (auto& [policy, curve] : by_policy)
    if (!curve.points.empty()) chart.curves.push_back(std::move(curve));
  if (chart.curves.empty()) out.empty = "No run has reached the target.";
  add_legend(out, chart);
  show(out, std::move(chart));
  return out;
}

report_figure target_figure(const comparison_results& results, const panel& of, std::size_t number) {
  report_figure out;
  out.id = fmt::format("target-{}", number);
  out.title = in_title("Time to target", of);
  out.look_for = sentence_of_target(results);
  stacked_bars chart;
  chart.series = {{"median", "busy"}};
  chart.x = {"seconds to " + results.target_text(), show_number};
  out.table = {"time_to_target", {{"policy", ""}, {"seconds", "", 1}, {"least", "", 1}, {"most", "", 1}}, {}};
  bool any = false;
  for (const auto* each : of.shown) {
    const auto time = results.time_to_target(*each);
    const auto name = series_of(results, *each).name;
    any = any || time.any();
    out.table.rows.push_back({name, real_or_none(time.median), real_or_none(time.least), real_or_none(time.most)});
    chart.bars.push_back(
      {name, {time.any() ? time.median : 0}, time.any() ? show_seconds(time.median) : "not reached"});
  }
  if (!any) out.empty = "No run has reached the target.";
  show(out, std::move(chart));
  return out;
}

} // namespace

std::vector<report_figure> comparison_figures(const comparison_results& results) {
  std::vector<report_figure> out;
  const auto link = results.axis_named("link");
  const bool over_links = link < results.plan.axes.size() && results.plan.axes[link].values.size() > 1;
  auto panels =
    panels_of(results, over_links ? std::vector<std::string>{"policy", "link"} : std::vector<std::string>{"policy"});
  panels.resize(std::min(panels.size(), most_panels));
  if (!results.target_text().empty())
    for (const auto& each : panels)
      out.push_back(over_links ? latency_figure(results, each, link, out.size())
                               : target_figure(results, each, out.size()));
  auto over_time = panels_of(results, {"policy"});
  over_time.resize(std::min(over_time.size(), most_panels));
  for (const auto& each : over_time) out.push_back(metric_figure(results, each, out.size()));
  return out;
}

answer_table configuration_table(const comparison_results& results) {
  const auto metric = results.metric_name.empty() ? std::string("metric") : results.metric_name;
  answer_table out{"configurations",
                   {{"configuration", ""},
                    {"seeds", ""},
                    {metric, "", 2},
                    {"least", "", 2},
                    {"most", "", 2},
                    {"to_target", "s", 1},
                    {"steps_per_s", "", 1},
                    {"staleness", "updates", 1},
                    {"up", "bytes", 0},
                    {"down", "bytes", 0},
                    {"parameters", ""},
                    {"of_predictors", ""},
                    {"work", "million", 1},
                    {"of_predictors", "million", 1},
                    {"memory", "MiB", 1},
                    {"processor", "s", 1},
                    {"energy", "J", 0}},
                   {}};
  const auto whole = [](double value) { return std::isnan(value) ? cell() : cell(std::int64_t{std::llround(value)}); };
  for (const auto& each : results.configurations) {
    const auto median = [&](double run_result::*number, double factor = 1) {
      return factor * each.of([number](const run_result& run) { return run.*number; }).median;
    };
    const auto reached = each.of([](const run_result& run) { return run.final_metric(); });
    out.rows.push_back({each.name, std::int64_t{static_cast<std::int64_t>(each.with_numbers().size())},
                        real_or_none(reached.median), real_or_none(reached.least), real_or_none(reached.most),
                        real_or_none(results.time_to_target(each).median),
                        real_or_none(median(&run_result::steps_per_s)), real_or_none(median(&run_result::staleness)),
                        real_or_none(median(&run_result::bytes_up)), real_or_none(median(&run_result::bytes_down)),
                        whole(median(&run_result::parameters)), whole(median(&run_result::predictor_parameters)),
                        real_or_none(median(&run_result::multiply_adds, 1e-6)),
                        real_or_none(median(&run_result::predictor_multiply_adds, 1e-6)),
                        real_or_none(median(&run_result::memory_bytes, 1.0 / (1 << 20))),
                        real_or_none(median(&run_result::processor_s)), real_or_none(median(&run_result::joules))});
  }
  return out;
}

} // namespace syngrad::tools

#include "tools/compare/comparison_results.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

std::string name_of_configuration(const comparison_plan& plan, const std::vector<std::size_t>& at) {
  std::string name;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto& axis = plan.axes[i];
    if (axis.values.size() == 1 && i > 0) continue;
    const auto& value = axis.values[at[i]].name;
    const auto shown = axis.name == "policy" || axis.name == "link" ? value
                       : axis.name == "groups"                      ? value + " groups"
                                                                    : axis.name + " " + value;
    name += (name.empty() ? "" : ", ") + shown;
  }
  return name;
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : std::string();
}

const char* name_of_standing(run_result::standing state) {
  switch (state) {
  case run_result::standing::missing:
    return "missing";
  case run_result::standing::partial:
    return "partial";
  case run_result::standing::failed:
    return "failed";
  case run_result::standing::finished:
    return "finished";
  case run_result::standing::reached:
    break;
  }
  return "target_reached";
}

} // namespace

seed_spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  for (auto& each : values)
    if (std::isnan(each)) each = INFINITY;
  std::sort(values.begin(), values.end());
  const auto half = values.size() / 2;
  const auto median = values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
  const auto known = [](double value) { return std::isfinite(value) ? value : no_number; };
  seed_spread out{known(median), known(values.front()), known(values.back())};
  if (std::isnan(out.most) && out.any())
    out.most = *std::find_if(values.rbegin(), values.rend(), [](double each) { return std::isfinite(each); });
  return out;
}

std::vector<run_result> configuration::with_numbers() const {
  std::vector<run_result> out;
  for (const auto& each : runs)
    if (each.has_numbers()) out.push_back(each);
  return out;
}

comparison_results::comparison_results(comparison_plan asked, std::vector<run_result> results)
  : plan(std::move(asked)), runs(plan.runs()) {
  const auto count_of = plan.configurations();
  for (std::size_t i = 0; i < count_of; ++i) {
    configuration each;
    each.at.assign(runs[i].at.begin(), runs[i].at.end() - 1);
    each.name = name_of_configuration(plan, each.at);
    for (auto run = i; run < results.size(); run += count_of) each.runs.push_back(results[run]);
    configurations.push_back(std::move(each));
  }
  for (const auto& each : results)
    if (metric_name.empty()) metric_name = each.metric_name;
}

std::size_t comparison_results::count(run_result::standing state) const {
  std::size_t sum = 0;
  for (const auto& each : configurations)
    sum += static_cast<std::size_t>(
      std::count_if(each.runs.begin(), each.runs.end(), [&](const auto& run) { return run.state == state; }));
  return sum;
}

double comparison_results::level() const {
  double worst = no_number;
  const auto link = axis_named("link");
  for (const auto& each : configurations) {
    if (link < each.at.size() && each.at[link] != 0) continue;
    std::vector<double> best;
    for (const auto& run : each.with_numbers()) best.push_back(run.best_metric());
    std::erase_if(best, [](double value) { return std::isnan(value); });
    if (best.empty()) continue;
    std::sort(best.begin(), best.end());
    const auto of_most = best[best.size() / 2];
    worst = std::isnan(worst) ? of_most : std::max(worst, of_most);
  }
  return worst;
}

seed_spread comparison_results::time_to_target(const configuration& of) const {
  if (plan.target)
    return of.of(
      [](const run_result& run) { return run.state == run_result::standing::reached ? run.trained_s : no_number; });
  const auto to = level();
  return of.of([to](const run_result& run) { return run.time_to(to); });
}

std::string comparison_results::target_text() const {
  if (plan.target) return plan.target->text();
  const auto to = level();
  const auto unit = metric_unit();
  return std::isnan(to) ? "" : fmt::format("{}<={:.4g}{}{}", metric_text(), to, unit.empty() ? "" : " ", unit);
}

std::string comparison_results::target_source() const {
  if (plan.target) return "";
  const auto link = axis_named("link");
  const bool over_links = link < plan.axes.size() && plan.axes[link].values.size() > 1;
  return ", which all have reached" + (over_links ? " over links of " + plan.axes[link].values.front().name : "");
}

std::size_t comparison_results::axis_named(const std::string& name) const {
  const auto found =
    std::find_if(plan.axes.begin(), plan.axes.end(), [&](const auto& each) { return each.name == name; });
  return static_cast<std::size_t>(found - plan.axes.begin());
}

std::string comparison_results::metric_text() const {
  const std::string_view percent = "_percent";
  return metric_name.ends_with(percent) ? metric_name.substr(0, metric_name.size() - percent.size()) : metric_name;
}

std::vector<metric_at> metric_over_time(const configuration& of, int count) {
  std::vector<metric_at> out;
  const auto seeds = of.with_numbers();
  double longest = 0;
  for (const auto& run : seeds)
    if (!run.looks.empty()) longest = std::max(longest, run.looks.back().trained_s);
  if (longest <= 0) return out;
  const auto step = longest / count;
  for (int i = 1; i <= count; ++i) {
    const auto time = step * i;
    std::vector<double> values;
    for (const auto& run : seeds) {
      double latest = no_number;
      for (const auto& look : run.looks)
        if (look.trained_s <= time * (1 + 1e-9)) latest = look.metric;
      const bool goes_on = !run.looks.empty() && time <= run.looks.back().trained_s + step;
      values.push_back(goes_on ? latest : no_number);
    }
    const auto metric = spread_of(std::move(values));
    if (metric.any()) out.push_back({time, metric});
  }
  return out;
}

std::string format_runs_csv(const comparison_results& results) {
  std::vector<std::string> head{"run"};
  for (const auto& axis : results.plan.axes) head.push_back(axis.name);
  const std::string metric = results.metric_name.empty() ? "metric" : results.metric_name;
  for (const auto& each :
       {std::string("end"), std::string("reason"), metric, "best_" + metric, std::string("steps"),
        std::string("trained_s"), std::string("wall_s"), std::string("steps_per_s"), std::string("time_to_target_s"),
        std::string("staleness_updates"), std::string("bytes_per_sample_up"), std::string("bytes_per_sample_down"),
        std::string("parameters"), std::string("predictor_parameters"), std::string("multiply_adds_per_step"),
        std::string("predictor_multiply_adds_per_step"), std::string("memory_bytes"), std::string("processor_s"),
        std::string("joules")})
    head.push_back(each);
  const auto row = [](const std::vector<std::string>& fields) {
    return join_text(fields, ",", [](const std::string& each) { return csv_field(each); }) + "\n";
  };
  auto out = row(head);
  const auto level = results.level();
  for (std::size_t i = 0; i < results.runs.size(); ++i) {
    const auto& run = results.result_of(i);
    std::vector<std::string> fields{results.runs[i].folder};
    for (std::size_t axis = 0; axis < results.plan.axes.size(); ++axis)
      fields.push_back(results.plan.axes[axis].values[results.runs[i].at[axis]].name);
    fields.emplace_back(name_of_standing(run.state));
    fields.push_back(run.why);
    const bool reached = run.state == run_result::standing::reached;
    const auto to_target = results.plan.target ? (reached ? run.trained_s : no_number) : run.time_to(level);
    for (const double each :
         {run.final_metric(), run.best_metric(), run.steps, run.trained_s, run.wall_s, run.steps_per_s, to_target,
          run.staleness, run.bytes_up, run.bytes_down, run.parameters, run.predictor_parameters, run.multiply_adds,
          run.predictor_multiply_adds, run.memory_bytes, run.processor_s, run.joules})
      fields.push_back(csv_number(each));
    out += row(fields);
  }
  return out;
}

} // namespace syngrad::tools

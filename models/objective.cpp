#include "models/objective.hpp"

#include "models/objectives/objectives.hpp"
#include "runtime/text.hpp"

#include <utility>

namespace syngrad {

namespace {

std::vector<known_objective>& objective_registry() {
  static std::vector<known_objective> all{
    {"cross-entropy", make_cross_entropy},
    {"mse", make_mean_squared_error},
  };
  return all;
}

} // namespace

metric_values objective::values_of(const loss_totals& totals) const {
  const auto values = judge(totals);
  std::vector<metric_value> out;
  for (const auto& each : metrics()) out.push_back({each, values[out.size()]});
  return metric_values(std::move(out));
}

metric_values objective::unmeasured() const {
  std::vector<metric_value> out;
  for (const auto& each : metrics()) out.push_back({each});
  return metric_values(std::move(out));
}

loss_totals totals_of(std::span<const float> left, std::int64_t terms) {
  loss_totals out;
  out.loss = static_cast<double>(left[0]) * static_cast<double>(terms);
  for (std::size_t i = 0; i < out.sums.size(); ++i) out.sums[i] = static_cast<double>(left[i + 1]);
  out.terms = terms;
  return out;
}

status register_objective(known_objective added) {
  for (const auto& each : objective_registry())
    if (each.name == added.name)
      return error::setting("there is an objective '" + added.name + "' already; give it another name");
  objective_registry().push_back(std::move(added));
  return ok();
}

std::vector<std::string> known_objectives() {
  std::vector<std::string> names;
  for (const auto& each : objective_registry()) names.push_back(each.name);
  return names;
}

result<std::unique_ptr<objective>> make_objective(const objective_settings& settings) {
  for (const auto& each : objective_registry())
    if (settings.name == each.name) return each.make(settings);
  return error::setting("unknown objective '" + settings.name + "'; known are " + join_text(known_objectives()));
}

status check_target(const metric_target& target, const objective& of) {
  std::string known = "loss<=";
  bool lower_is_better = true, found = target.metric == "loss", percent = false;
  for (const auto& each : of.metrics()) {
    known += ", " + each.name + (each.lower_is_better ? "<=" : ">=");
    if (each.name != target.metric) continue;
    found = true;
    lower_is_better = each.lower_is_better;
    percent = each.unit == "%";
  }
  if (percent && !(target.value >= 0 && target.value <= 100))
    return error::setting("expected 0 to 100 %, got " + target.text());
  if (found && lower_is_better != target.at_least) return ok();
  return error::setting("expected one of " + known + " and a number, got " + target.text());
}

} // namespace syngrad

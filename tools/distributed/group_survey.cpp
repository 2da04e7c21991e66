#include "tools/distributed/group_survey.hpp"

#include "actors/distributed/group_hash.hpp"
#include "actors/run_plan.hpp"

namespace syngrad::tools {

namespace {

placeable_group cost_of(const planned_group& group) {
  placeable_group cost;
  cost.multiply_adds = group.layers->multiply_adds();
  if (group.predictor)
    cost.multiply_adds += group.predictor->predict_multiply_adds() + group.predictor->train_multiply_adds();
  cost.bytes_below = 2 * 4 * static_cast<double>(group.layers->inputs());
  return cost;
}

} // namespace

result<group_survey> survey_groups(const train_options& options, device& host) {
  const auto& settings = options.settings;
  auto model = make_network(options.model);
  if (!model) return model.failure();
  const auto places = device_places::all_on(host, settings.split);
  const auto plan = make_run_plan(settings, std::move(*model), nullptr, places, {});
  if (!plan) return plan.failure();
  group_survey out;
  for (std::size_t i = 0; i < plan->groups.size(); ++i) {
    out.costs.push_back(cost_of(plan->groups[i]));
    out.hashes.push_back(hash_of_group(*plan, i));
  }
  return out;
}

} // namespace syngrad::tools

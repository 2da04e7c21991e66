#include "tools/distributed/group_survey.hpp"

#include "actors/distributed/group_hash.hpp"
#include "actors/run_check.hpp"

namespace syngrad::tools {

namespace {

placeable_group cost_of(const group_outline& group) {
  placeable_group cost;
  cost.multiply_adds = group.multiply_adds();
  if (group.predictor)
    cost.multiply_adds += group.predictor->predict_multiply_adds + group.predictor->train_multiply_adds;
  cost.bytes_below = 2 * 4 * static_cast<double>(group.inputs());
  return cost;
}

} // namespace

result<group_survey> survey_groups(const train_options& options, device& scratch) {
  const auto& settings = options.settings;
  const auto model = make_network(options.model);
  if (!model) return error{"--model: " + model.message()};
  if (auto good = check_run(settings, *model, nullptr); !good) return error{"--" + good.message()};
  group_survey out;
  for (const auto& each : outline_groups(settings, *model)) {
    out.costs.push_back(cost_of(each));
    out.hashes.push_back(hash_of_outline(settings, each, scratch));
    out.weight_bytes.push_back(each.weight_bytes());
  }
  return out;
}

} // namespace syngrad::tools

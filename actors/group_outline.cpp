#include "actors/group_outline.hpp"

#include "actors/update_policy.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad {

double group_outline::multiply_adds() const {
  double sum = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) sum += layers[i]->multiply_adds(specs[i]);
  return sum;
}

double group_outline::predictor_multiply_adds() const {
  if (!predictor) return 0;
  return static_cast<double>(output().rows()) * (predictor->predict_multiply_adds + predictor->train_multiply_adds);
}

std::uint64_t group_outline::weight_bytes() const {
  std::uint64_t elements = 0;
  for (auto* layer : layers)
    for (const auto* each : layer->parameters()) elements += static_cast<std::uint64_t>(each->extents.elements());
  return elements * sizeof(float);
}

std::string name_of_units(int first, int count) {
  return fmt::format("{}{}", first, count == 1 ? "" : "-" + std::to_string(first + count - 1));
}

predictor_task task_of(const sample_spec& activation, const sample_spec& output) {
  return {activation, static_cast<std::int32_t>(output.features()), output.rows()};
}

std::vector<group_outline> outline_groups(const training_settings& settings, const network& net) {
  const bool predicts = capabilities_of(settings).predicts;
  const auto predictors = predictors_of(settings, net);
  const auto specs = infer_specs(net).value();
  auto split = settings.split;
  if (split.empty()) split = {static_cast<int>(net.units.size())};
  std::vector<group_outline> out;
  int unit = 0, layer_number = 0;
  for (std::size_t i = 0; i < split.size(); ++i) {
    group_outline group;
    group.units = name_of_units(unit, split[i]);
    group.predictor_kind = predictors.kind;
    group.first_layer = layer_number;
    for (const int end = unit + split[i]; unit < end; ++unit)
      for (const auto& each : net.units[static_cast<std::size_t>(unit)]) group.layers.push_back(each.get());
    layer_number += static_cast<int>(group.layers.size());
    const auto begin = specs.begin() + group.first_layer;
    group.specs.assign(begin, begin + static_cast<std::ptrdiff_t>(group.layers.size()) + 1);
    if (predicts && i + 1 < split.size())
      group.predictor = size_of_synthetic_gradient_model(predictors, task_of(group.output(), specs.back())).value();
    out.push_back(std::move(group));
  }
  return out;
}

double delay_of_group(const training_settings& settings, int index) {
  const auto policy = make_update_policy(settings);
  if (!policy) return 0;
  const auto can = (*policy)->capabilities();
  if (can.double_buffers) return 1;
  const auto count = std::max(1, static_cast<int>(settings.split.size()));
  return static_cast<double>(lag_of_group(settings, **policy, index, count)) / std::max(1, can.micro_batches);
}

optimizer_settings optimizer_of_group(const training_settings& settings, int index) {
  auto out = settings.optimizer;
  if (!settings.momentum_by_delay) return out;
  if (const auto longest = delay_of_group(settings, 0); longest > 0)
    out.beta1 += (delayed_momentum - out.beta1) * static_cast<float>(delay_of_group(settings, index)) /
                 static_cast<float>(longest);
  return out;
}

learning_rate rate_of_group(const training_settings& settings, const learning_rate& rate, int index) {
  if (!settings.discount_by_delay) return rate;
  return rate.discounted(delay_of_group(settings, index), settings.steps / 4);
}

int lag_of_group(const training_settings& settings, const update_policy& policy, int index, int count) {
  if (index + 1 == count) return 0;
  int lag = settings.lag.value_or(policy.fixed_lag(index, count));
  const auto can = policy.capabilities();
  const int first_beyond = can.bootstraps && !can.passes_on ? index + 1 : count - 1;
  for (int interface = index; interface < first_beyond; ++interface) lag += settings.link.at(interface).delay_batches;
  // The batch after this one may be the first to read an update that ends with the batch so far before it.
  return can.double_buffers ? std::min(lag, can.micro_batches) : lag;
}

std::int64_t cache_limit_of(const training_settings& settings, int index, int count, int lag) {
  if (const auto policy = make_update_policy(settings))
    if (const auto most = (*policy)->most_in_flight(index, count); most > 0) return most + 1;
  const auto credits = std::int64_t{settings.credits};
  const auto by_credit = (credits + 1) * (count - index);
  const auto limit = std::max<std::int64_t>(by_credit, lag + 1) + 1;
  if (settings.max_alone.value_or(0) > 0) return limit; // batches that end at gaps are no steps
  return std::min(limit, settings.steps + 1);
}

int credits_of(const training_settings& settings, int index, int count) {
  const auto policy = make_update_policy(settings);
  if (!policy || index == 0) return settings.credits;
  const auto below = static_cast<int>((*policy)->most_in_flight(index - 1, count));
  return below > 0 ? std::max(settings.credits, below + 1) : settings.credits;
}

} // namespace syngrad

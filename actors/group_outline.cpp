#include "actors/group_outline.hpp"

#include "actors/batch_record.hpp"
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

namespace {

constexpr double float_bytes = 4;
constexpr double record_bytes = sizeof(batch_record) + 512; // with its caches' handles and its numbers

struct group_numbers {
  double weights = 0;     // floats
  double training = 0;    // floats: the weights, their gradients and moments
  double activations = 0; // floats of a sample: what its layers put out
  double sent = 0;        // floats of a sample that go up
  double predictor = 0;   // floats
  double kept = 0;        // floats of a sample that its predictor keeps
};

std::vector<group_numbers> numbers_of(const training_settings& settings, const network& net) {
  std::vector<group_numbers> groups;
  for (const auto& outline : outline_groups(settings, net)) {
    group_numbers out;
    out.weights = static_cast<double>(outline.weight_bytes()) / float_bytes;
    std::vector<parameter*> parameters;
    for (auto* layer : outline.layers)
      for (auto* each : layer->parameters()) parameters.push_back(each);
    out.training = floats_to_train(settings.optimizer, parameters);
    for (std::size_t i = 1; i < outline.specs.size(); ++i)
      out.activations += static_cast<double>(outline.specs[i].elements());
    out.sent = static_cast<double>(outline.output().elements());
    if (outline.predictor) {
      out.predictor = outline.predictor->held_floats;
      out.kept = outline.predictor->kept_floats;
    }
    groups.push_back(out);
  }
  return groups;
}

std::uint64_t whole(double bytes) {
  return static_cast<std::uint64_t>(std::min(bytes, 1e18));
}

} // namespace

std::int64_t cache_limit_of(const training_settings& settings, int index, int count, int lag) {
  const auto credits = std::int64_t{settings.credits};
  const auto by_credit = (credits + 1) * (count - index);
  const auto limit = std::max<std::int64_t>(by_credit, lag + 1) + 1;
  if (settings.max_alone.value_or(0) > 0) return limit; // batches that end at gaps are no steps
  return std::min(limit, settings.steps + 1);
}

memory_needs memory_needs_of(const training_settings& settings, const network& net) {
  const auto groups = numbers_of(settings, net);
  const auto policy = make_update_policy(settings);
  const auto rows = static_cast<double>(settings.batch_size);
  const auto count = static_cast<int>(groups.size());
  const auto can = capabilities_of(settings);
  const bool predicts = can.predicts;
  const auto input = rows * static_cast<double>(net.input.elements()) * float_bytes;
  double held = input, in_flight = 0;
  for (int i = 0; i < count; ++i) {
    const auto& group = groups[static_cast<std::size_t>(i)];
    // A gradient at its output, and where it is predicted the prediction.
    const auto batch = rows * float_bytes * (group.activations + group.sent * (predicts ? 2 : 1)) + record_bytes;
    const auto weights = group.weights * float_bytes;
    held += (group.training + group.predictor + rows * group.kept) * float_bytes + batch;
    const int fixed = settings.deterministic && policy ? (*policy)->fixed_lag(i, count) : 0;
    const int lag = i + 1 == count ? 0 : settings.lag.value_or(fixed);
    // Each batch in flight may have seen other weights; the group's own are kept during a backward pass with others.
    const double stashed = can.stashes_weights && i + 1 < count ? weights : 0;
    held += stashed;
    in_flight += static_cast<double>(cache_limit_of(settings, i, count, lag) - 1) * (batch + stashed);
  }
  const auto waiting = input * static_cast<double>(std::min<std::int64_t>(settings.credits, settings.steps));
  return {whole(held), whole(waiting), whole(held + waiting + in_flight)};
}

} // namespace syngrad

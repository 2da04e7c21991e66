#include "actors/group_outline.hpp"

#include "actors/update_policy.hpp"

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
  return std::to_string(first) + (count == 1 ? "" : "-" + std::to_string(first + count - 1));
}

std::vector<group_outline> outline_groups(const training_settings& settings, const network& net) {
  const bool predicts = capabilities_of(settings.policy).predicts;
  const auto predictors = predictors_of(settings);
  const auto specs = infer_specs(net).value();
  const auto classes = static_cast<std::int32_t>(specs.back().features());
  auto split = settings.split;
  if (split.empty()) split = {static_cast<int>(net.units.size())};
  std::vector<group_outline> out;
  int unit = 0, layer_number = 0;
  for (std::size_t i = 0; i < split.size(); ++i) {
    group_outline group;
    group.units = name_of_units(unit, split[i]);
    group.first_layer = layer_number;
    for (const int end = unit + split[i]; unit < end; ++unit)
      for (const auto& each : net.units[static_cast<std::size_t>(unit)]) group.layers.push_back(each.get());
    layer_number += static_cast<int>(group.layers.size());
    const auto begin = specs.begin() + group.first_layer;
    group.specs.assign(begin, begin + static_cast<std::ptrdiff_t>(group.layers.size()) + 1);
    if (predicts && i + 1 < split.size())
      group.predictor = size_of_synthetic_gradient_model(predictors, group.output().features(), classes).value();
    out.push_back(std::move(group));
  }
  return out;
}

} // namespace syngrad

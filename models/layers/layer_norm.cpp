#include "models/layers/layer_norm.hpp"

#include "models/chosen_samples.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

namespace {
enum layer_norm_slot : std::size_t { input_slot, row_statistics_slot };
} // namespace

layer_norm::layer_norm(std::int64_t features, float epsilon)
  : weight_("weight", {features}), bias_("bias", {features}), epsilon_(epsilon) {}

std::string layer_norm::describe() const {
  return "layer norm " + std::to_string(features());
}

result<sample_spec> layer_norm::infer(const sample_spec& below) const {
  return infer_rows(below, features(), features());
}

double layer_norm::multiply_adds(const sample_spec& below) const {
  return 10.0 * static_cast<double>(below.elements()); // moments, scaling and their gradients: small beside products
}

void layer_norm::initialize(stream& s, random_source&) {
  s.ops().fill(s, weight_.value, 1);
}

tensor layer_norm::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, x.extents());
  tensor statistics;
  if (!cache.empty()) statistics = make_tensor(s, {2, x.rows()});
  s.ops().layer_norm(s, {.x = x,
                         .weight = &weight_.value,
                         .bias = &bias_.value,
                         .y = y,
                         .saved = statistics ? &statistics : nullptr,
                         .epsilon = epsilon_});
  if (!cache.empty()) {
    cache[input_slot] = x;
    cache[row_statistics_slot] = std::move(statistics);
  }
  return y;
}

tensor layer_norm::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  tensor dx;
  if (wanted.input_gradient) dx = make_tensor(s, dy.extents());
  if (!wanted.input_gradient && !wanted.parameter_gradient) return dx;
  s.ops().layer_norm_backward(s, {.dy = dy,
                                  .x = cache[input_slot],
                                  .weight = &weight_.value,
                                  .saved = cache[row_statistics_slot],
                                  .dx = wanted.input_gradient ? &dx : nullptr,
                                  .dweight = wanted.parameter_gradient ? &weight_.gradient : nullptr,
                                  .dbias = wanted.parameter_gradient ? &bias_.gradient : nullptr,
                                  .accumulate = wanted.accumulate});
  return dx;
}

void layer_norm::gather_cache(stream& s, const chosen_samples& chosen, layer_cache of_all,
                              layer_cache of_chosen) const {
  of_chosen[input_slot] = gather_samples(s, of_all[input_slot], chosen);
  const auto& statistics = of_all[row_statistics_slot];
  const auto rows = statistics.columns(), of_sample = rows / chosen.all, wanted = of_sample * chosen.count();
  auto part = make_tensor(s, {2, wanted});
  for (std::int64_t i = 0; i < 2; ++i) {
    auto to = part.view(i * wanted, {chosen.count(), of_sample});
    s.ops().gather_samples(s, statistics.view(i * rows, {chosen.all, of_sample}), chosen.numbers, to);
  }
  of_chosen[row_statistics_slot] = std::move(part);
}

} // namespace syngrad

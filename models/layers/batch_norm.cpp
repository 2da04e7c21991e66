#include "models/layers/batch_norm.hpp"

#include "models/chosen_samples.hpp"
#include "runtime/operators.hpp"

#include <fmt/core.h>

namespace syngrad {

namespace {
enum slot : std::size_t { x_slot, y_slot, statistics_slot };
} // namespace

batch_norm::batch_norm(std::int64_t features, options how)
  : gamma_("gamma", {features}), beta_("beta", {features}),
    running_mean_("running_mean", {features}, parameter_kind::state),
    running_variance_("running_variance", {features}, parameter_kind::state), options_(how) {}

std::string batch_norm::describe() const {
  return fmt::format("batch norm {}{}", features(), options_.relu ? " + relu" : "");
}

result<sample_spec> batch_norm::infer(const sample_spec& below) const {
  return infer_rows(below, features(), features());
}

double batch_norm::multiply_adds(const sample_spec& below) const {
  return 10.0 *
         static_cast<double>(below.elements()); // four forward (moments, scaling), six backward: small beside products
}

std::vector<parameter*> batch_norm::parameters() {
  return {&gamma_, &beta_, &running_mean_, &running_variance_};
}

void batch_norm::initialize(stream& s, random_source&) {
  s.ops().fill(s, gamma_.value, 1);
  s.ops().fill(s, running_variance_.value, 1);
}

tensor batch_norm::forward(stream& s, const tensor& x, phase now, layer_cache cache) {
  const bool training = now == phase::train;
  assert((!training || !cache.empty()) && "batch norm needs a cache in training");
  auto y = make_tensor(s, x.extents());
  tensor statistics;
  if (training) statistics = make_tensor(s, {2, features()});
  s.ops().batch_norm(s, {.x = x,
                         .gamma = gamma_.value,
                         .beta = beta_.value,
                         .y = y,
                         .running_mean = running_mean_.value,
                         .running_variance = running_variance_.value,
                         .saved = training ? &statistics : nullptr,
                         .momentum = options_.momentum,
                         .epsilon = options_.epsilon,
                         .relu = options_.relu});
  if (!cache.empty()) {
    cache[x_slot] = x;
    cache[y_slot] = y;
    cache[statistics_slot] = std::move(statistics);
  }
  return y;
}

tensor batch_norm::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  tensor dx;
  if (wanted.input_gradient) dx = make_tensor(s, dy.extents());
  if (!wanted.input_gradient && !wanted.parameter_gradient) return dx;
  const auto* some = wanted.chosen;
  s.ops().batch_norm_backward(s, {.dy = dy,
                                  .x = cache[x_slot],
                                  .y = cache[y_slot],
                                  .gamma = gamma_.value,
                                  .saved = cache[statistics_slot],
                                  .dx = wanted.input_gradient ? &dx : nullptr,
                                  .dgamma = wanted.parameter_gradient ? &gamma_.gradient : nullptr,
                                  .dbeta = wanted.parameter_gradient ? &beta_.gradient : nullptr,
                                  .accumulate = wanted.accumulate,
                                  .relu = options_.relu,
                                  .weights = some ? &some->weights : nullptr,
                                  .batch_rows = some ? dy.rows() / some->count() * some->all : 0});
  return dx;
}

void batch_norm::gather_cache(stream& s, const chosen_samples& chosen, layer_cache of_all,
                              layer_cache of_chosen) const {
  for (const auto slot : {x_slot, y_slot}) of_chosen[slot] = gather_samples(s, of_all[slot], chosen);
  of_chosen[statistics_slot] = of_all[statistics_slot];
}

} // namespace syngrad

#include "models/optimizers/sgd.hpp"

#include "runtime/operators.hpp"

namespace syngrad {

sgd::sgd(stream& s, const arena& parameters, const optimizer_settings& settings) : settings_(settings) {
  if (settings.momentum != 0) velocity_ = parameters.make_moment(s);
}

void sgd::step(stream& s, arena& parameters, arena_range range, const optimizer_step& now) {
  auto value = parameters.values().view(range.first, {range.count});
  const auto gradient = parameters.gradients().view(range.first, {range.count});
  tensor velocity;
  if (velocity_) velocity = velocity_.view(range.first, {range.count});
  s.ops().sgd_step(s,
                   {.value = value,
                    .gradient = gradient,
                    .scale = now.scale,
                    .learning_rate = now.learning_rate,
                    .weight_decay = settings_.weight_decay,
                    .guard = now.guard,
                    .nonfinite = now.nonfinite,
                    .numbers = now.numbers},
                   velocity_ ? &velocity : nullptr, settings_.momentum, settings_.nesterov);
}

step_numbers sgd::numbers_of(const optimizer_step& now) const {
  return basic_numbers_of(now);
}

std::vector<tensor*> sgd::moments() {
  if (!velocity_) return {};
  return {&velocity_};
}

} // namespace syngrad

// Stochastic gradient descent with momentum, plain or Nesterov's: see operators::sgd_step for the formula.
// Weight decay is added to the gradient. Holds the velocity, where there is momentum.
#include "models/optimizers/optimizers.hpp"

namespace syngrad {

namespace {

class sgd : public optimizer {
public:
  sgd(stream&, const arena&, const optimizer_settings&);

  void step(stream&, arena&, arena_range, const optimizer_step&) override;
  step_numbers numbers_of(const optimizer_step&) const override;
  std::vector<tensor*> moments() override;

private:
  optimizer_settings settings_;
  tensor velocity_; // null without momentum
};

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

} // namespace

std::unique_ptr<optimizer> make_sgd(stream& s, const arena& parameters, const optimizer_settings& settings) {
  return std::make_unique<sgd>(s, parameters, settings);
}

} // namespace syngrad

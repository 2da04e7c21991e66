// Stochastic gradient descent with momentum, plain or Nesterov's: see operators::sgd_step for the formula.
// Weight decay is added to the gradient. Holds the velocity, where there is momentum.
#include "models/optimizers/optimizers.hpp"

namespace syngrad {

namespace {

class sgd : public optimizer {
public:
  sgd(stream&, const arena&, const optimizer_settings&);

  step_numbers numbers_of(const optimizer_step&) const override;
  std::vector<tensor*> moments() override;

private:
  void step_part(stream&, const step_arguments&, std::int64_t first, std::int64_t number) override;

  optimizer_settings settings_;
  tensor velocity_; // null without momentum
};

sgd::sgd(stream& s, const arena& parameters, const optimizer_settings& settings)
  : optimizer(settings.weight_decay), settings_(settings) {
  if (settings.momentum != 0) velocity_ = parameters.make_moment(s, settings.moment_type());
}

void sgd::step_part(stream& s, const step_arguments& of, std::int64_t first, std::int64_t) {
  tensor velocity;
  if (velocity_) velocity = velocity_.view(first, of.value.extents());
  s.ops().sgd_step(s, of, velocity_ ? &velocity : nullptr, settings_.momentum, settings_.nesterov);
}

step_numbers sgd::numbers_of(const optimizer_step& now) const {
  return numbers_of_step(now);
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

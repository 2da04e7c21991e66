// Stochastic gradient descent with momentum, plain or Nesterov's: see operators::sgd_step for the formula.
// Weight decay is added to the gradient. Holds the velocity, where there is momentum.
#pragma once

#include "models/optimizer.hpp"

namespace syngrad {

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

} // namespace syngrad

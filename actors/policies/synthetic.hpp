// `synthetic`: update at once with the predicted gradient; what it becomes at the group's input is the bootstrapped
// target for the predictor below (Jaderberg et al., arXiv 1608.05343, section 2).
#pragma once

#include "actors/policies/update_policy.hpp"

namespace syngrad {

class synthetic_policy : public update_policy {
public:
  policy_capabilities capabilities() const override {
    return {.predicts = true, .bootstraps = true, .needs_every_gradient = false};
  }
  // Targets come from the neighbour, which is at most this many batches behind.
  int fixed_lag(int, int) const override { return 2; }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
};

} // namespace syngrad

// `locked`: wait for the true gradient. With one batch in flight, which waiting implies, this is backpropagation.
#pragma once

#include "actors/policies/update_policy.hpp"

namespace syngrad {

class locked_policy : public update_policy {
public:
  bool predicts(std::uint64_t) const override { return false; }
  bool waits_for_gradient(std::uint64_t) const override { return true; }
  bool bootstraps(std::uint64_t) const override { return false; }
  int fixed_lag(int, int) const override { return 0; }

  void on_turn(policy_actions&, batch_record&) override {}
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
};

// Update with a gradient that has come down, and pass on what it becomes at the input: shared by the policies that
// apply nothing but received gradients.
void apply_received(policy_actions&, batch_record&, gradient_kind, const tensor& values);

} // namespace syngrad

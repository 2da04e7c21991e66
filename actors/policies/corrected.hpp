// `corrected`: update at once with the prediction g'; when the true gradient g of that batch arrives, add the
// parameter gradient of g - g', from the stored cache, to the group's next update, and send the true gradient on down.
// One optimizer step a batch; what is applied in total is the true gradient, late by the part that was mispredicted.
#pragma once

#include "actors/policies/update_policy.hpp"

namespace syngrad {

class corrected_policy : public update_policy {
public:
  policy_capabilities capabilities() const override { return {.predicts = true}; }
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
  void on_end(policy_actions&) override;

private:
  std::int64_t last_terms_ = 1; // of the latest batch: divides what is left at the end
};

} // namespace syngrad

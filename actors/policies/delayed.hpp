// `delayed`: true gradients, applied whenever they arrive, to weights that have moved on meanwhile. The baseline that
// synthetic gradients must beat.
#pragma once

#include "actors/update_policy.hpp"

namespace syngrad {

class delayed_policy : public update_policy {
public:
  policy_capabilities capabilities() const override { return {.updates_late = true}; }
  // Up to the loss and down again: a turn for each interface on both ways.
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }

  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
};

inline void delayed_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                        const tensor& values) {
  apply_received(group, record, kind, values);
}

} // namespace syngrad

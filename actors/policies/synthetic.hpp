// `synthetic`: update at once with the predicted gradient; what it becomes at the group's input is the bootstrapped
// target for the predictor below (Jaderberg et al., arXiv 1608.05343, section 2).
#pragma once

#include "actors/update_policy.hpp"

namespace syngrad {

class synthetic_policy : public update_policy {
public:
  policy_capabilities capabilities() const override {
    return {.predicts = true, .bootstraps = true, .needs_every_gradient = false, .goes_back_late = false};
  }
  // Targets come from the neighbour, which is at most this many batches behind.
  int fixed_lag(int, int) const override { return 2; }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
};

inline void synthetic_policy::on_turn(policy_actions& group, batch_record& record) {
  group.send_down(record, gradient_kind::bootstrapped,
                  group.update(record, applied_gradient::synthetic, record.prediction, record.terms, true));
}

inline void synthetic_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                          const tensor& values) {
  if (kind != gradient_kind::none) group.train_predictor(record, kind, values);
  group.finish(record);
}

} // namespace syngrad

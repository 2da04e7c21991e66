// `local`: each group learns from a loss of its own, by the head that stands in for its predictor (Belilovsky et al.,
// Decoupled Greedy Learning, arXiv 1901.08164). Nothing is needed from above, and no gradient crosses.
#pragma once

#include "actors/update_policy.hpp"

namespace syngrad {

class local_policy : public update_policy {
public:
  policy_capabilities capabilities() const override {
    return {.predicts = true,
            .bootstraps = true,
            .needs_every_gradient = false,
            .needs_targets = false,
            .goes_back_late = false};
  }
  // What comes down is none, from the neighbour, which is at most this many batches behind.
  int fixed_lag(int, int) const override { return 2; }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions& group, batch_record& record, gradient_kind, const tensor&) override {
    group.finish(record);
  }
  void on_loss(policy_actions&, batch_record&, const tensor& values) override;
};

inline void local_policy::on_turn(policy_actions& group, batch_record& record) {
  group.send_down(record, gradient_kind::none, {});
  group.update(record, applied_gradient::local, record.prediction, record.terms, false);
  group.train_predictor(record, gradient_kind::none, {});
}

inline void local_policy::on_loss(policy_actions& group, batch_record& record, const tensor& values) {
  group.send_down(record, gradient_kind::none, {});
  group.update(record, applied_gradient::truth, values, record.terms, false);
  group.finish(record);
}

} // namespace syngrad

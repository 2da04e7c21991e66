// `synthetic`: update at once with the predicted gradient p; what it becomes at the group's input is the bootstrapped
// target for the predictor below (Jaderberg et al., arXiv 1608.05343, section 2).
//
// With --target-mix L it sends, when g has come down, what L g + (1 - L) p becomes at the input. That is the lambda of
// TD(lambda), for layers what BP(lambda) is for time (Pemberton and Costa, arXiv 2401.07044): g was so mixed above, up
// to the loss, so a target n interfaces below the top one has the true gradient to the part L^n, and 1 is the true
// gradient alone. It costs one more backward pass, without parameter gradients and with weights that have moved on, and
// targets come as late as true gradients do. Where g did not come, p goes down alone.
#pragma once

#include "actors/update_policy.hpp"

namespace syngrad {

class synthetic_policy : public update_policy {
public:
  explicit synthetic_policy(float target_mix) : target_mix_(target_mix) {}

  policy_capabilities capabilities() const override {
    return {.predicts = true,
            .bootstraps = true,
            .passes_on = target_mix_ > 0,
            .needs_every_gradient = false,
            .mixes_targets = true,
            .goes_back_late = target_mix_ > 0};
  }
  // Targets come from the neighbour, which is at most two batches behind; mixed ones down the chain from the loss.
  int fixed_lag(int index, int count) const override { return target_mix_ > 0 ? 2 * (count - 1 - index) : 2; }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;

private:
  void send_mixed(policy_actions&, batch_record&, gradient_kind, const tensor& values);

  float target_mix_;
};

inline void synthetic_policy::on_turn(policy_actions& group, batch_record& record) {
  const bool sends = target_mix_ == 0;
  const auto below = group.update(record, applied_gradient::synthetic, record.prediction, record.terms, sends);
  if (sends) group.send_down(record, gradient_kind::bootstrapped, below);
}

inline void synthetic_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                          const tensor& values) {
  if (kind != gradient_kind::none) group.train_predictor(record, kind, values);
  if (target_mix_ > 0) send_mixed(group, record, kind, values);
  group.finish(record);
}

inline void synthetic_policy::send_mixed(policy_actions& group, batch_record& record, gradient_kind kind,
                                         const tensor& values) {
  if (kind == gradient_kind::none) {
    group.send_down(record, gradient_kind::bootstrapped, group.input_gradient(record, record.prediction));
    return;
  }
  const bool unmixed = target_mix_ == 1;
  const auto mixed = unmixed ? values : group.mixture(values, record.prediction, target_mix_);
  group.send_down(record, unmixed ? kind : gradient_kind::bootstrapped, group.input_gradient(record, mixed));
}

} // namespace syngrad

// `delayed`: true gradients, applied whenever they arrive, to weights that have moved on meanwhile. The baseline that
// synthetic gradients must beat, with what others do about the delay:
//
// stashes_weights: backward passes read the weights of their forward pass (PipeDream: Harlap et al., arXiv 1806.03377).
//
// batches: an update is made of so many, with a delay of one update (PipeDream-2BW, see weight_versions.hpp).
//
// feeds_back: what late updates got wrong is added to later ones (error_feedback.hpp).
#pragma once

#include "actors/update_policy.hpp"

#include <algorithm>

namespace syngrad {

class delayed_policy : public update_policy {
public:
  struct options {
    bool stashes_weights = false;
    int batches = 1;
    bool feeds_back = false;
    int groups = 1; // of the run: with one there is no delay to be made one update
  };
  explicit delayed_policy(options how) : how_(how) {}

  policy_capabilities capabilities() const override {
    const bool buffers = how_.batches > 1 && how_.groups > 1;
    return {.updates_late = true,
            .micro_batches = how_.batches,
            .stashes_weights = how_.stashes_weights || buffers,
            .double_buffers = buffers,
            .feeds_back_errors = how_.feeds_back};
  }
  // Up to the loss and down again: a turn for each interface on both ways.
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }

  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;

private:
  options how_;
};

inline void delayed_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                        const tensor& values) {
  apply_received(group, record, kind, values);
}

} // namespace syngrad

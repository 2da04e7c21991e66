// `pipeline`: the micro-batches of a batch go through the groups one behind the other, and their true gradients make
// one update: that of `locked` with the whole batch, but for the rounding of sums. What is made by batches is made by
// micro-batches: statistics of batch normalisation, drops of dropout, augmentation. The schedule says in which order a
// group goes forward and back (pipeline_schedule.hpp).
//
// Weights stay as they are until all micro-batches of a batch are through, and sums are made in their order. So what is
// trained depends neither on the schedule nor on timing.
#pragma once

#include "actors/pipeline_schedule.hpp"
#include "actors/update_policy.hpp"

namespace syngrad {

class pipeline_policy : public update_policy {
public:
  pipeline_policy(pipeline_schedule schedule, int micro_batches) : schedule_(schedule), micro_batches_(micro_batches) {}

  policy_capabilities capabilities() const override {
    return {.micro_batches = micro_batches_,
            .goes_back_late = false,
            .cuts_batches = true,
            .needs_no_lag = true,
            .holds_gradients = schedule_.order == pipeline_schedule::kind::gpipe,
            .splits_backward = schedule_.splits_backward()};
  }
  int fixed_lag(int, int) const override { return 0; }
  std::optional<std::uint64_t> due_by(std::uint64_t batch, int index, int count) const override;
  std::int64_t most_in_flight(int index, int count) const override {
    return stage_order(schedule_, index, count, micro_batches_).most_in_flight();
  }

  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
  void on_loss(policy_actions& group, batch_record& record, const tensor& values) override {
    on_gradient(group, record, gradient_kind::truth, values);
  }
  void on_leisure(policy_actions&, batch_record&) override;

private:
  pipeline_schedule schedule_;
  int micro_batches_;
};

inline std::optional<std::uint64_t> pipeline_policy::due_by(std::uint64_t batch, int index, int count) const {
  const auto each = static_cast<std::uint64_t>(micro_batches_), micro_batch = batch % each;
  const stage_order order(schedule_, index, count, micro_batches_);
  const auto backward = static_cast<std::uint64_t>(order.backward_by(static_cast<std::int64_t>(micro_batch)));
  return backward > 0 ? std::optional(batch - micro_batch + backward - 1) : std::nullopt;
}

inline void pipeline_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                         const tensor& values) {
  if (kind == gradient_kind::none || !schedule_.splits_backward()) return apply_received(group, record, kind, values);
  group.send_down(record, kind, group.begin_update(record, values, true));
}

inline void pipeline_policy::on_leisure(policy_actions& group, batch_record& record) {
  group.complete_update(record, applied_gradient::truth, record.terms);
  group.finish(record);
}

} // namespace syngrad

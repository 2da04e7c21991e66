// The first batches run locked while the predictors learn from true gradients; then another policy takes over.
#pragma once

#include "actors/policies/locked.hpp"

namespace syngrad {

class warmup_policy : public update_policy {
public:
  warmup_policy(std::uint64_t batches, std::unique_ptr<update_policy> then)
    : batches_(batches), then_(std::move(then)) {}

  policy_capabilities capabilities() const override { return then_->capabilities(); }
  bool predicts(std::uint64_t batch) const override { return !warming(batch) && then_->predicts(batch); }
  bool waits_for_gradient(std::uint64_t batch) const override {
    return warming(batch) || then_->waits_for_gradient(batch);
  }
  bool bootstraps(std::uint64_t batch) const override { return !warming(batch) && then_->bootstraps(batch); }
  bool updates_alone(std::uint64_t batch) const override { return !warming(batch) && then_->updates_alone(batch); }
  bool needs_gradient(std::uint64_t batch) const override { return warming(batch) || then_->needs_gradient(batch); }
  int fixed_lag(int index, int count) const override { return then_->fixed_lag(index, count); }
  std::optional<std::uint64_t> due_by(std::uint64_t batch, int index, int count) const override {
    return warming(batch) ? std::optional(batch) : then_->due_by(batch, index, count);
  }
  std::int64_t most_in_flight(int index, int count) const override { return then_->most_in_flight(index, count); }

  void on_turn(policy_actions&, batch_record&) override;
  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
  void on_loss(policy_actions&, batch_record&, const tensor& values) override;
  void on_leisure(policy_actions& group, batch_record& record) override { then_->on_leisure(group, record); }
  void on_measured(const prediction_measure& what) override { then_->on_measured(what); }
  void on_end(policy_actions& group) override { then_->on_end(group); }
  void keep(state_archive& of) override { then_->keep(of); }

private:
  bool warming(std::uint64_t batch) const { return batch < batches_; }

  std::uint64_t batches_;
  std::unique_ptr<update_policy> then_;
};

inline void warmup_policy::on_turn(policy_actions& group, batch_record& record) {
  if (!warming(record.batch)) then_->on_turn(group, record);
}

inline void warmup_policy::on_loss(policy_actions& group, batch_record& record, const tensor& values) {
  if (warming(record.batch))
    apply_received(group, record, gradient_kind::truth, values);
  else
    then_->on_loss(group, record, values);
}

inline void warmup_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                       const tensor& values) {
  if (!warming(record.batch)) {
    then_->on_gradient(group, record, kind, values);
    return;
  }
  if (kind != gradient_kind::none && then_->predicts(record.batch)) group.train_predictor(record, kind, values);
  apply_received(group, record, kind, values);
}

} // namespace syngrad

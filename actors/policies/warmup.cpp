#include "actors/policies/warmup.hpp"

namespace syngrad {

void warmup_policy::on_turn(policy_actions& group, batch_record& record) {
  if (!warming(record.batch)) then_->on_turn(group, record);
}

void warmup_policy::on_loss(policy_actions& group, batch_record& record, const tensor& values) {
  if (warming(record.batch))
    apply_received(group, record, gradient_kind::truth, values);
  else
    then_->on_loss(group, record, values);
}

void warmup_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) {
  if (!warming(record.batch)) {
    then_->on_gradient(group, record, kind, values);
    return;
  }
  if (kind != gradient_kind::none && then_->predicts(record.batch)) group.train_predictor(record, kind, values);
  apply_received(group, record, kind, values);
}

} // namespace syngrad

#include "actors/policies/corrected.hpp"

namespace syngrad {

void corrected_policy::on_turn(policy_actions& group, batch_record& record) {
  last_terms_ = record.terms;
  group.update(record, applied_gradient::synthetic, record.prediction, record.terms, false);
}

void corrected_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                   const tensor& values) {
  if (kind == gradient_kind::none) {
    group.send_down(record, kind, {});
  } else {
    group.train_predictor(record, kind, values);
    group.accumulate(record, group.difference(values, record.prediction));
    group.send_down(record, kind, group.input_gradient(record, values));
  }
  group.finish(record);
}

void corrected_policy::on_end(policy_actions& group) {
  group.apply_accumulated(last_terms_);
}

} // namespace syngrad

#include "actors/policies/synthetic.hpp"

namespace syngrad {

void synthetic_policy::on_turn(policy_actions& group, batch_record& record) {
  group.send_down(record, gradient_kind::bootstrapped,
                  group.update(record, applied_gradient::synthetic, record.prediction, record.terms, true));
}

void synthetic_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                   const tensor& values) {
  if (kind != gradient_kind::none) group.train_predictor(record, kind, values);
  group.finish(record);
}

} // namespace syngrad

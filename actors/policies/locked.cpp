#include "actors/policies/locked.hpp"

namespace syngrad {

void apply_received(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) {
  if (kind == gradient_kind::none)
    group.send_down(record, kind, {});
  else
    group.send_down(record, kind, group.update(record, applied_gradient::truth, values, true));
  group.finish(record);
}

void locked_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) {
  apply_received(group, record, kind, values);
}

} // namespace syngrad

#include "actors/policies/locked.hpp"

namespace syngrad {

void locked_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) {
  apply_received(group, record, kind, values);
}

} // namespace syngrad

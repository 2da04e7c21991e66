#include "actors/policies/delayed.hpp"

namespace syngrad {

void delayed_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                 const tensor& values) {
  apply_received(group, record, kind, values);
}

} // namespace syngrad

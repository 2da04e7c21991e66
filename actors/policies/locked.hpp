// `locked`: wait for the true gradient. With one batch in flight, which waiting implies, this is backpropagation.
#pragma once

#include "actors/update_policy.hpp"

namespace syngrad {

class locked_policy : public update_policy {
public:
  policy_capabilities capabilities() const override { return {.goes_back_late = false}; }
  bool waits_for_gradient(std::uint64_t) const override { return true; }
  int fixed_lag(int, int) const override { return 0; }

  void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor& values) override;
};

inline void locked_policy::on_gradient(policy_actions& group, batch_record& record, gradient_kind kind,
                                       const tensor& values) {
  apply_received(group, record, kind, values);
}

} // namespace syngrad

// Of group_actor: which gradients are wanted over the interfaces above and below, and what that saved
// (gradient_demand).
#include "actors/group_actor.hpp"

#include <algorithm>

namespace syngrad {

// True gradients are a chain that must not break; audits have the gradient of their batch beside them.
bool group_actor::sends_gradient(std::uint64_t batch) const {
  return !setup_.policy->bootstraps(batch) || audited(batch) || batch % wanted_below_ == 0;
}

// A number from another process: 0 would divide nothing.
void group_actor::handle_gradients_wanted(gradients_wanted& wanted) {
  wanted_below_ = std::max<std::uint64_t>(1, wanted.every);
}

void group_actor::tell_what_is_wanted(double dot, double predicted_squared, double received_squared) {
  if (const auto every = appetite_.measured(dot, predicted_squared, received_squared))
    send(above_.who, gradients_wanted{context_for(no_batch), *every});
}

// A few batches tell as much about the mean as all of them, at a fraction of the cost. Counted from the last one, so
// that it meets gradients that come seldom.
bool group_actor::measures_agreement(std::uint64_t batch) {
  constexpr std::uint64_t agreement_every = 4;
  if (batch < next_agreement_) return false;
  next_agreement_ = batch + agreement_every;
  return true;
}

void group_actor::report_traffic(group_report& out) const {
  out.samples = samples_;
  if (setup_.from_below) out.bytes_from_below = static_cast<std::int64_t>(setup_.from_below->training_bytes.load());
  if (!setup_.from_above) return;
  out.bytes_from_above = static_cast<std::int64_t>(setup_.from_above->training_bytes.load());
  out.bytes_saved = static_cast<std::int64_t>(bytes_saved(*setup_.from_above));
}

} // namespace syngrad

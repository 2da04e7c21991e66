#include "actors/group_edges.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace syngrad {

void lower_edge::gives_back(batch_record& record) {
  assert(!record.sent_down);
  record.sent_down = true;
}

std::optional<std::uint64_t> gradient_appetite::measured(double dot, double predicted_squared,
                                                         double received_squared) {
  const double missed_squared = predicted_squared - 2 * dot + received_squared;
  if (!demand_.above || !(received_squared > 0) || !std::isfinite(missed_squared)) return std::nullopt;
  constexpr double share_of_newest = 0.25;
  const double newest = std::sqrt(std::max(0.0, missed_squared) / received_squared);
  error_ = error_ ? *error_ + share_of_newest * (newest - *error_) : newest;
  const auto wanted = *error_ > *demand_.above ? std::uint64_t{1} : gradient_demand::seldom;
  if (wanted == every_) return std::nullopt;
  every_ = wanted;
  return wanted;
}

bool upper_edge::take_credit() {
  if (credits_ == 0) return false;
  --credits_;
  return true;
}

void upper_edge::opens_gap() {
  if (!gap_) in_this_gap_ = 0;
  gap_ = true;
}

void upper_edge::ends_at_gap(batch_record& record) {
  assert(may_end_at_gap());
  record.ends_at_gap = true;
  ++in_this_gap_;
  ++ended_at_gaps_;
}

bool upper_edge::measures_agreement(std::uint64_t batch) {
  if (batch < next_agreement_) return false;
  next_agreement_ = batch + measured_every;
  return true;
}

} // namespace syngrad

// Watches over the interface above a group: whether predicted gradients stay comparable in size with those received,
// and activations finite. Remembers what went wrong first, for the reports.
//
// Belongs to one group, on its thread.
#pragma once

#include "actors/summary.hpp"

#include <cstdint>
#include <string>

namespace syngrad {

// |predicted| / |received| beyond these is no gradient of use: it hardly moves the weights, or throws them off.
inline constexpr double least_norm_ratio = 0.01, largest_norm_ratio = 100;

class interface_watch {
public:
  // So many comparisons in a row lie beyond the same bound before that counts: a single batch may, and a predictor that
  // starts from zero does for a few.
  static constexpr int in_a_row = 16;

  // Squared norms of a prediction and of what was received for it, in the batch of `step`. A prediction or a gradient
  // of zero says nothing: every predictor begins with the one, a batch without targets has the other.
  void compared(double predicted_squared, double received_squared, std::int64_t step);
  void activation(double root_mean_square, std::int64_t step);

  const interface_fault& fault() const { return fault_; }

  template <class Archive>
  void keep(Archive& of) {
    of.word("small", small_);
    of.word("large", large_);
    of.word("fault", fault_.what);
    of.word("fault.step", fault_.step);
    of.word("fault.norm_ratio", fault_.norm_ratio);
  }

private:
  int small_ = 0, large_ = 0; // predictions in a row beyond a bound
  interface_fault fault_;
};

// A line for the user: the groups, what is wrong since when, and what may help. Empty where nothing is.
std::string describe_fault(const group_report&);

} // namespace syngrad

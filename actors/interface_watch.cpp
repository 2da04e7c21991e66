#include "actors/interface_watch.hpp"

#include <cmath>
#include <fmt/core.h>

namespace syngrad {

void interface_watch::compared(double predicted_squared, double received_squared, std::int64_t step) {
  if (predicted_squared == 0 || received_squared == 0) return;
  const double ratio = std::sqrt(predicted_squared / received_squared);
  small_ = ratio < least_norm_ratio ? small_ + 1 : 0;
  large_ = ratio <= largest_norm_ratio ? 0 : large_ + 1; // what is not a number is beyond it
  if (fault_.what != interface_fault::kind::none) return;
  if (small_ == in_a_row) fault_ = {interface_fault::kind::small_predictions, step, ratio};
  if (large_ == in_a_row) fault_ = {interface_fault::kind::large_predictions, step, ratio};
}

void interface_watch::activation(double root_mean_square, std::int64_t step) {
  if (fault_.what == interface_fault::kind::none && !std::isfinite(root_mean_square))
    fault_ = {interface_fault::kind::activation, step, 0};
}

std::string describe_fault(const group_report& group) {
  const auto& fault = group.fault;
  const auto where = fmt::format("between groups {} and {}, at step {}, ", group.group, group.group + 1, fault.step);
  switch (fault.what) {
  case interface_fault::kind::none:
    return "";
  case interface_fault::kind::small_predictions:
    return where + fmt::format("predicted gradients are {:.2g} of the size of those received, so group {} hardly "
                               "learns: a larger --sg-lr, another --sg or --policy delayed may help",
                               fault.norm_ratio, group.group);
  case interface_fault::kind::large_predictions:
    return where + fmt::format("predicted gradients are {:.2g} times as large as those received: a smaller --lr or "
                               "--sg-lr, --clip-norm, another --sg or --policy delayed may help",
                               fault.norm_ratio);
  case interface_fault::kind::activation:
    break;
  }
  return where + "the activation is NaN, infinite or too large: a smaller --lr, --schedule warmup:N or --clip-norm may "
                 "help";
}

} // namespace syngrad

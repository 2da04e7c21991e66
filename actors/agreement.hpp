// Means of how well one gradient agrees with another: cosine, ratio of norms, bias.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace syngrad {

class agreement_mean {
public:
  // dot = a.b and the squared norms of a (synthetic) and b (received). Zero norms say nothing and are left out.
  void add(double dot, double a_squared, double b_squared) {
    if (!(a_squared > 0 && b_squared > 0 && std::isfinite(dot) && std::isfinite(a_squared) && std::isfinite(b_squared)))
      return;
    cosine_ += dot / std::sqrt(a_squared * b_squared);
    norm_ratio_ += std::sqrt(a_squared / b_squared);
    ++count_;
  }
  // Squared norms of the sum over the rows of (applied - true), and of all of true. A mean would not do to compare
  // with: below a batch normalisation the true gradients of a batch add up to nothing.
  void add_bias(double difference_sum_squared, double truth_squared, std::int64_t rows) {
    if (!(truth_squared > 0 && std::isfinite(difference_sum_squared) && std::isfinite(truth_squared))) return;
    bias_ += std::sqrt(difference_sum_squared / (truth_squared * static_cast<double>(rows)));
    ++bias_count_;
  }

  double cosine() const { return mean(cosine_, count_); }
  double norm_ratio() const { return mean(norm_ratio_, count_); }
  double bias() const { return mean(bias_, bias_count_); }

private:
  static double mean(double sum, std::int64_t count) {
    return count ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
  }

  double cosine_ = 0, norm_ratio_ = 0, bias_ = 0;
  std::int64_t count_ = 0, bias_count_ = 0;
};

} // namespace syngrad

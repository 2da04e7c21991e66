// How well the predictions at an interface agree with what is received for them: of one batch, and smoothed over the
// last ones.
//
// Plain values; no threads.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace syngrad {

struct prediction_measure {
  double cosine = 0;
  double norm_ratio = 0; // |predicted| / |received|
  double bias = 0;       // |sum over rows of (predicted - received)| / (|received| sqrt(rows))
  bool finite = true;    // else none of them says anything, but that the prediction or the gradient is of no use

  template <class Archive>
  void keep(Archive& of) {
    of.word("cosine", cosine);
    of.word("norm_ratio", norm_ratio);
    of.word("bias", bias);
    of.word("finite", finite);
  }
};

// Of a prediction p and a gradient g of `rows` rows: p.g, |p|^2, |g|^2, and |sum over rows of (p - g)|^2. Null where g
// is zero: it says nothing of p.
inline std::optional<prediction_measure> measure_of(double dot, double predicted, double received, double missed_sum,
                                                    std::int64_t rows) {
  if (received == 0) return std::nullopt;
  const bool finite =
    std::isfinite(dot) && std::isfinite(predicted) && std::isfinite(received) && std::isfinite(missed_sum);
  if (!finite) return prediction_measure{0, 0, 0, false};
  return prediction_measure{predicted > 0 ? dot / std::sqrt(predicted * received) : 0, std::sqrt(predicted / received),
                            std::sqrt(missed_sum / (received * static_cast<double>(rows))), true};
}

// Means of what was measured, over all at the beginning, later over about the last ten.
class prediction_quality {
public:
  void add(const prediction_measure& next) {
    if (!next.finite) {
      *this = {};
      return;
    }
    ++count_;
    const double share = std::max(share_of_newest, 1.0 / static_cast<double>(count_));
    cosine_ += share * (next.cosine - cosine_);
    norm_ratio_ += share * (next.norm_ratio - norm_ratio_);
    bias_ += share * (next.bias - bias_);
  }

  std::int64_t count() const { return count_; } // measures since the beginning, or since one that was not finite
  double cosine() const { return cosine_; }     // 0: not measured yet, as of one that predicts zero
  double norm_ratio() const { return norm_ratio_; }
  double bias() const { return bias_; }

  template <class Archive>
  void keep(Archive& of) {
    of.word("count", count_);
    of.word("cosine", cosine_);
    of.word("norm_ratio", norm_ratio_);
    of.word("bias", bias_);
  }

private:
  static constexpr double share_of_newest = 0.1;

  std::int64_t count_ = 0;
  double cosine_ = 0, norm_ratio_ = 0, bias_ = 0;
};

} // namespace syngrad

// Means over time: a span cut into buckets of one length.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace syngrad::tools {

class bucketed_span {
public:
  bucketed_span(std::int64_t begin_ns, std::int64_t end_ns, int count)
    : begin_ns_(begin_ns), count_(std::max(count, 1)),
      length_ns_((std::max(end_ns, begin_ns) - begin_ns) / count_ + 1) {}

  std::int64_t begin_ns() const { return begin_ns_; }
  std::int64_t length_ns() const { return length_ns_; }
  int count() const { return count_; }
  // The first and the last bucket take what lies outside.
  std::size_t at(std::int64_t time_ns) const {
    return static_cast<std::size_t>(std::clamp<std::int64_t>((time_ns - begin_ns_) / length_ns_, 0, count_ - 1));
  }

private:
  std::int64_t begin_ns_;
  int count_;
  std::int64_t length_ns_;
};

class bucket_means {
public:
  explicit bucket_means(int count = 0) : sums_(static_cast<std::size_t>(count)), counts_(sums_.size()) {}

  void add(std::size_t bucket, double value) {
    sums_[bucket] += value;
    ++counts_[bucket];
  }
  std::vector<float> means() const { // NaN: none
    std::vector<float> out(sums_.size(), std::numeric_limits<float>::quiet_NaN());
    for (std::size_t i = 0; i < out.size(); ++i)
      if (counts_[i] > 0) out[i] = static_cast<float>(sums_[i] / static_cast<double>(counts_[i]));
    return out;
  }

private:
  std::vector<double> sums_;
  std::vector<std::int64_t> counts_;
};

} // namespace syngrad::tools

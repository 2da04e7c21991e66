// An amount over time, in equal buckets of a span: how long something was busy in each, or how deep a queue was.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace syngrad::tools {

class time_buckets {
public:
  time_buckets(std::int64_t begin_ns, std::int64_t span_ns, int buckets)
    : begin_ns_(begin_ns), bucket_ns_(width(span_ns, buckets)), sums_(static_cast<std::size_t>(buckets)) {}

  // Of each bucket, ns; at least 1, and all of them together cover the span.
  static std::int64_t width(std::int64_t span_ns, int buckets) {
    return std::max<std::int64_t>((span_ns + buckets - 1) / buckets, 1);
  }

  // `weight` for as long as [from, to) lasts. What is outside of the span is left out.
  void add(std::int64_t from_ns, std::int64_t to_ns, double weight = 1) {
    auto from = std::max<std::int64_t>(from_ns - begin_ns_, 0);
    const auto to = std::min(to_ns - begin_ns_, bucket_ns_ * static_cast<std::int64_t>(sums_.size()));
    while (from < to) {
      const auto bucket = from / bucket_ns_;
      const auto end = std::min(to, (bucket + 1) * bucket_ns_);
      sums_[static_cast<std::size_t>(bucket)] += weight * static_cast<double>(end - from);
      from = end;
    }
  }

  // Divided by the length of a bucket: shares of the time, or mean depths.
  std::vector<float> means() const {
    std::vector<float> all;
    for (const auto sum : sums_) all.push_back(static_cast<float>(sum / static_cast<double>(bucket_ns_)));
    return all;
  }

private:
  std::int64_t begin_ns_, bucket_ns_;
  std::vector<double> sums_;
};

} // namespace syngrad::tools

// Stretches of time for analyses: what a filter leaves of a run, and spans cut into equal buckets.
#pragma once

#include "tools/trace/trace_filter.hpp"
#include "tools/trace/trace_run.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace syngrad::tools {

// The part of a filter that leaves the order of events whole: its time and its node. Analyses that follow handlers read
// that, and ask the whole filter only which of their results count.

inline trace_filter time_window(const trace_filter& filter) {
  trace_filter window;
  window.from_ns = filter.from_ns;
  window.to_ns = filter.to_ns;
  window.node = filter.node;
  return window;
}

inline std::int64_t first_ns(const trace_run& run, const trace_filter& filter) {
  return std::max(run.begin_ns(), filter.from_ns);
}
inline std::int64_t last_ns(const trace_run& run, const trace_filter& filter) {
  return filter.to_ns > run.end_ns() ? run.end_ns() : filter.to_ns - 1;
}

// An amount over time, in equal buckets of a span: how long something was busy in each, or how deep a queue was.
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

// Means over time: a span cut into buckets of one length.

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

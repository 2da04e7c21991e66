#include "tools/trace/analysis/log_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace syngrad::tools {

namespace {

constexpr int parts_log2 = 7; // 128 bins a power of two; below 128 ns a bin is one nanosecond

std::size_t bin_of(std::uint64_t value) {
  const int power = std::max(static_cast<int>(std::bit_width(value)) - 1 - parts_log2, 0);
  return (static_cast<std::size_t>(power) << parts_log2) + static_cast<std::size_t>(value >> power);
}

std::int64_t lowest_in(std::size_t at) {
  if (at < std::size_t{2} << parts_log2) return static_cast<std::int64_t>(at);
  const auto power = (at >> parts_log2) - 1;
  return static_cast<std::int64_t>((at - (power << parts_log2)) << power);
}

} // namespace

void log_histogram::add(std::int64_t value_ns) {
  const auto value = std::max<std::int64_t>(value_ns, 0);
  const auto at = bin_of(static_cast<std::uint64_t>(value));
  if (at >= counts_.size()) counts_.resize(at + 1);
  ++counts_[at];
  ++count_;
  largest_ = std::max(largest_, value);
  sum_ += static_cast<double>(value);
}

void log_histogram::add(const log_histogram& other) {
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  largest_ = std::max(largest_, other.largest_);
  sum_ += other.sum_;
}

double log_histogram::mean() const {
  return count_ ? sum_ / static_cast<double>(count_) : 0;
}

double log_histogram::quantile(double q) const {
  const auto wanted = std::max<std::int64_t>(1, std::llround(std::ceil(q * static_cast<double>(count_))));
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted)
      return std::min(static_cast<double>(largest_), static_cast<double>(lowest_in(i) + lowest_in(i + 1) - 1) / 2);
  }
  return 0;
}

std::vector<log_histogram::bin> log_histogram::bins() const {
  std::vector<bin> out;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (counts_[i])
      out.push_back({static_cast<double>(lowest_in(i)), static_cast<double>(lowest_in(i + 1)), counts_[i]});
  return out;
}

} // namespace syngrad::tools

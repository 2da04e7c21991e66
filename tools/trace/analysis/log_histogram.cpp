#include "tools/trace/analysis/log_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace syngrad::tools {

namespace {

constexpr int parts_bits = 7; // 128 bins for each power of two
constexpr std::size_t parts_of_power = std::size_t{1} << parts_bits;

// Bin 0: the value 0. Then 128 bins for each power of two; below 128 not all of them hold a whole number.
std::size_t index_of(std::uint64_t value) {
  if (value == 0) return 0;
  const auto power = static_cast<int>(std::bit_width(value)) - 1;
  const auto part = power >= parts_bits ? value >> (power - parts_bits) : value << (parts_bits - power);
  return 1 + static_cast<std::size_t>(power) * parts_of_power + (part & (parts_of_power - 1));
}

double begin_of(std::size_t index) {
  if (index == 0) return 0;
  const auto power = static_cast<int>((index - 1) / parts_of_power);
  const auto part = static_cast<double>((index - 1) % parts_of_power);
  return std::ldexp(1 + part / static_cast<double>(parts_of_power), power);
}

} // namespace

void log_histogram::add(std::int64_t value_ns) {
  const auto value = std::max<std::int64_t>(value_ns, 0);
  const auto index = index_of(static_cast<std::uint64_t>(value));
  if (index >= counts_.size()) counts_.resize(index + 1);
  ++counts_[index];
  ++count_;
  largest_ = std::max(largest_, value);
  sum_ += static_cast<double>(value);
}

void log_histogram::add(const log_histogram& other) {
  counts_.resize(std::max(counts_.size(), other.counts_.size()));
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  largest_ = std::max(largest_, other.largest_);
  sum_ += other.sum_;
}

double log_histogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

double log_histogram::quantile(double q) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<std::int64_t>(std::ceil(q * static_cast<double>(count_)));
  const auto rank = std::clamp<std::int64_t>(wanted, 1, count_);
  if (rank == count_) return static_cast<double>(largest_);
  std::int64_t below = 0;
  std::size_t index = 0;
  while (below + counts_[index] < rank) below += counts_[index++];
  const auto begin = begin_of(index), end = begin_of(index + 1);
  if (end - begin <= 1) return std::ceil(begin); // the one whole number in it
  return std::min((begin + end) / 2, static_cast<double>(largest_));
}

std::vector<log_histogram::bin> log_histogram::bins() const {
  std::vector<bin> joined;
  if (!counts_.empty() && counts_.front() > 0) joined.push_back({0, 1, counts_.front()});
  constexpr auto half = parts_of_power / 2;
  for (std::size_t index = 1; index < counts_.size(); index += half) {
    std::int64_t count = 0;
    for (std::size_t i = index; i < std::min(index + half, counts_.size()); ++i) count += counts_[i];
    if (count > 0 || !joined.empty()) joined.push_back({begin_of(index), begin_of(index + half), count});
  }
  return joined;
}

} // namespace syngrad::tools

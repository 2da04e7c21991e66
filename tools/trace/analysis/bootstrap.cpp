#include "tools/trace/analysis/bootstrap.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace syngrad::tools {

namespace {

constexpr std::size_t resamples = 2000;
constexpr std::size_t least_values = 8;

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double resampled_mean(std::span<const double> values, random_source& random) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    sum += values[random.below(static_cast<std::uint32_t>(values.size()))];
  return sum / static_cast<double>(values.size());
}

} // namespace

std::optional<mean_difference> compare_means(std::span<const double> a, std::span<const double> b,
                                             random_source random) {
  if (a.size() < least_values || b.size() < least_values) return std::nullopt;
  std::vector<double> changes(resamples);
  for (auto& each : changes) {
    const double of_a = resampled_mean(a, random);
    each = resampled_mean(b, random) - of_a;
  }
  std::sort(changes.begin(), changes.end());
  const auto at = [&](double q) { return changes[static_cast<std::size_t>(q * static_cast<double>(resamples - 1))]; };
  return mean_difference{mean_of(b) - mean_of(a), at(0.025), at(0.975)};
}

} // namespace syngrad::tools

#include "runtime/nearest_name.hpp"

#include <algorithm>
#include <vector>

namespace syngrad {

namespace {

// Optimal string alignment: the edit distance in which a swap of neighbours costs one.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

} // namespace

std::string nearest_name(const std::string& given, std::span<const std::string> names) {
  std::string nearest;
  std::size_t least = given.size() + 1;
  for (const auto& name : names) {
    const auto cost = distance(given, name);
    if (cost < least && cost <= std::max<std::size_t>(2, name.size() / 3) && cost < name.size()) {
      least = cost;
      nearest = name;
    }
  }
  return nearest;
}

std::string suggest(const std::string& given, std::span<const std::string> names, const std::string& prefix) {
  const auto nearest = nearest_name(given, names);
  return nearest.empty() ? "" : ": did you mean " + prefix + nearest + "?";
}

} // namespace syngrad

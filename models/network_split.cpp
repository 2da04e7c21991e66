#include "models/network_split.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <limits>

namespace syngrad {

// The split of a network into groups: first the least possible cost of the most expensive group, then, among the
// splits that reach it, the one whose costs differ least (least sum of squares). Both by dynamic programming over
// (groups used, units used).
namespace {

constexpr double unreachable = std::numeric_limits<double>::infinity();

class splitter {
public:
  // `specs`: as infer_specs() finds them.
  splitter(const network& net, const std::vector<sample_spec>& specs) : units_(net.units.size()), cost_before_(1, 0.0) {
    auto below = specs.begin();
    for (const auto& unit : net.units) {
      double cost = 0;
      for (const auto& each : unit) cost += each->multiply_adds(*below++);
      cost_before_.push_back(cost_before_.back() + cost);
    }
  }

  std::vector<int> split(std::size_t groups) const {
    const auto limit = cheapest(groups, unreachable, [](double a, double b) { return std::max(a, b); }).back().back();
    // Costs are sums in different orders: allow for their rounding.
    const auto squares = cheapest(groups, limit.total * (1 + 1e-9), [](double a, double b) { return a + b * b; });
    std::vector<int> counts(groups);
    auto end = units_;
    for (auto g = groups; g-- > 0;) {
      const auto begin = squares[g + 1][end].last_begin;
      counts[g] = static_cast<int>(end - begin);
      end = begin;
    }
    return counts;
  }

private:
  struct entry {
    double total = unreachable;
    std::size_t last_begin = 0; // first unit of the last group
  };
  using table = std::vector<std::vector<entry>>; // [groups used][units used]

  // The least `combine(total before, cost of the last group)`, no group costing more than `limit` or being empty.
  // `combine` grows with both.
  template <class Combine>
  table cheapest(std::size_t groups, double limit, Combine combine) const {
    table best(groups + 1, std::vector<entry>(units_ + 1));
    best[0][0].total = 0;
    for (std::size_t g = 1; g <= groups; ++g)
      for (auto end = g; end <= units_; ++end)
        for (auto begin = end; begin-- > g - 1;) {
          const auto cost = cost_before_[end] - cost_before_[begin];
          const auto total = combine(best[g - 1][begin].total, cost);
          if (cost > limit || combine(0, cost) > best[g][end].total) break; // a longer last group only costs more
          if (total < best[g][end].total) best[g][end] = {total, begin};
        }
    return best;
  }

  std::size_t units_;
  std::vector<double> cost_before_; // of the units before unit i
};

} // namespace

result<std::vector<int>> split_evenly(const network& net, int groups) {
  const auto units = net.units.size();
  if (groups < 1 || static_cast<std::size_t>(groups) > units)
    return error::setting(fmt::format(
      "model {} cannot be split into {} groups: it has {} layers that can be separated; ask for 1 to {} groups",
      quoted(net.description), groups, units, units));
  const auto specs = infer_specs(net);
  if (!specs) return specs.failure();
  return splitter(net, *specs).split(static_cast<std::size_t>(groups));
}

} // namespace syngrad

#include "models/network_split.hpp"

#include "runtime/random.hpp"
#include "tests/models/contains.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <numeric>

namespace syngrad {
namespace {

// Only a cost.
class weight_of_work : public layer {
public:
  explicit weight_of_work(double cost) : cost_(cost) {}
  std::string describe() const override { return "work"; }
  result<sample_spec> infer(const sample_spec& below) const override { return below; }
  double multiply_adds(const sample_spec&) const override { return cost_; }
  tensor forward(stream&, const tensor& x, phase, layer_cache) override { return x; }
  tensor backward(stream&, const tensor& dy, layer_cache, backward_request) override { return dy; }

private:
  double cost_;
};

network with_costs(const std::vector<double>& costs) {
  network made{"work", {{1}}, {}};
  for (const auto cost : costs) made.units.emplace_back().push_back(std::make_unique<weight_of_work>(cost));
  return made;
}

struct judgement {
  double most = 0;
  double squares = 0;
};

judgement judge(const std::vector<double>& costs, const std::vector<int>& counts) {
  judgement sum;
  auto next = costs.begin();
  for (const auto count : counts) {
    const auto cost = std::accumulate(next, next + count, 0.0);
    next += count;
    sum.most = std::max(sum.most, cost);
    sum.squares += cost * cost;
  }
  REQUIRE(next == costs.end());
  return sum;
}

// Every way to cut `units` into `groups` parts of at least one.
void for_each_split(int units, int groups, std::vector<int>& counts, const auto& visit) {
  if (groups == 1) {
    counts.push_back(units);
    visit(counts);
    counts.pop_back();
    return;
  }
  for (int first = 1; first <= units - groups + 1; ++first) {
    counts.push_back(first);
    for_each_split(units - first, groups - 1, counts, visit);
    counts.pop_back();
  }
}

TEST_CASE("a split has the least possible most expensive group, and among those the least sum of squares") {
  random_source random(7, 0);
  for (int round = 0; round < 200; ++round) {
    const auto units = 1 + static_cast<int>(random.below(9));
    const auto groups = 1 + static_cast<int>(random.below(static_cast<std::uint32_t>(units)));
    std::vector<double> costs;
    for (int i = 0; i < units; ++i) costs.push_back(random.below(3) == 0 ? 0 : random.below(20));
    const auto split = split_evenly(with_costs(costs), groups).value();
    REQUIRE(split.size() == static_cast<std::size_t>(groups));
    REQUIRE(*std::min_element(split.begin(), split.end()) >= 1);

    judgement best{1e300, 1e300};
    std::vector<int> counts;
    for_each_split(units, groups, counts, [&](const std::vector<int>& candidate) {
      const auto judged = judge(costs, candidate);
      if (std::pair(judged.most, judged.squares) < std::pair(best.most, best.squares)) best = judged;
    });
    const auto found = judge(costs, split);
    CHECK(found.most == Approx(best.most));
    CHECK(found.squares == Approx(best.squares));
  }
}

TEST_CASE("equal costs are split into counts that differ by at most one") {
  for (int units = 1; units <= 12; ++units)
    for (int groups = 1; groups <= units; ++groups) {
      const auto split = split_evenly(with_costs(std::vector<double>(static_cast<std::size_t>(units), 3)), groups);
      const auto [least, most] = std::minmax_element(split->begin(), split->end());
      CHECK(*most - *least <= 1);
    }
}

TEST_CASE("an expensive first layer stands alone") {
  const auto net = std::move(make_network("mlp:784-256x5-10").value());
  CHECK(split_evenly(net, 6).value() == std::vector<int>{1, 1, 1, 1, 1, 1});
  CHECK(split_evenly(net, 3).value() == std::vector<int>{1, 2, 3});
  CHECK(split_evenly(net, 1).value() == std::vector<int>{6});
}

TEST_CASE("a network whose layers do not fit is not split, but refused with the layer") {
  auto net = std::move(make_network("mlp:784-256x2-10").value());
  net.input = {{9}};
  CHECK_THAT(split_evenly(net, 2).message(), contains("layer 0 (linear 784->256) takes 784 features"));
}

TEST_CASE("a thousand layers are split in no time") {
  const auto split = split_evenly(*make_network("mlp:784-8x999-10"), 500);
  REQUIRE(split);
  CHECK(std::accumulate(split->begin(), split->end(), 0) == 1000);
}

TEST_CASE("more groups than units, or none, are refused with what is possible") {
  const auto net = std::move(make_network("mlp:784-256x5-10").value());
  for (const auto groups : {7, 0, -1}) {
    const auto split = split_evenly(net, groups);
    REQUIRE_FALSE(split);
    CHECK_THAT(split.message(), contains("cannot be split into " + std::to_string(groups) + " groups") &&
                                  contains("ask for 1 to 6 groups"));
  }
}

} // namespace
} // namespace syngrad

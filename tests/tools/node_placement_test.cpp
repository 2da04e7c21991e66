// Which group goes to which process: by hand, as --place says, and by cost.
#include "tests/support/catch.hpp"
#include "tools/distributed/cluster_options.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

const std::vector<placeable_node> three{
  {1, "a", {"cpu"}, 1, 0}, {2, "b", {"cpu", "cuda:0"}, 1, 0}, {3, "c", {"cuda:0"}, 2, 0}};

std::vector<int> nodes_of(const std::vector<group_place>& places) {
  std::vector<int> out;
  for (const auto& each : places) out.push_back(each.node);
  return out;
}

} // namespace

TEST_CASE("places by hand go where they say, and are told in runs of groups") {
  const auto places = place_by_hand("0-1=a/cpu,2=b/cuda:0", 3, three);
  REQUIRE(places);
  REQUIRE(nodes_of(*places) == std::vector<int>{1, 1, 2});
  REQUIRE(format_places(*places, three) == "groups 0-1 on a (cpu), 2 on b (cuda:0)");
}

TEST_CASE("a place that cannot be is refused with the node, device or group at fault") {
  const auto message = [](const std::string& places) { return place_by_hand(places, 3, three).message(); };
  REQUIRE(message("0-2=d/cpu") == "--place: there is no node 'd'; here are a, b, c");
  REQUIRE(message("0-2=c/cpu").starts_with("--place: node c does not offer cpu"));
  REQUIRE(message("0-3=a/cpu").starts_with("--place: there is no group 3"));
  REQUIRE(message("0=a/cpu,2=b/cpu").starts_with("--place: group 1 is not named"));
}

TEST_CASE("groups go by hand where places are given, also to the coordinator, and else by cost to nodes only") {
  const std::vector<placeable_group> equal(4, {1, 0});
  REQUIRE(nodes_of(*place_groups("", equal, {three[0], three[1]})) == std::vector<int>{1, 1, 2, 2});
  REQUIRE(nodes_of(*place_groups("0=cpu,1-3=b/cpu", equal, {three[0], three[1]})) == std::vector<int>{0, 2, 2, 2});
  REQUIRE_FALSE(place_groups("0-3=c/cpu", equal, {three[0], three[1]}));
}

TEST_CASE("what was measured of a node is told") {
  REQUIRE(format_measures({1, "a", {"cpu"}, 50e9, 400e6, 0.0002}) ==
          "node a: 100.0 GFLOP/s, 400.0 MB/s, 0.20 ms there and back");
}

TEST_CASE("by cost, every node is busy as long as the others, by its own rate") {
  const std::vector<placeable_group> equal(8, {1, 0});
  REQUIRE(nodes_of(place_by_cost(equal, three)) == std::vector<int>{1, 1, 2, 2, 3, 3, 3, 3});
}

TEST_CASE("by cost, a node has whole workers of an interleaved pipeline, whose groups are no neighbours") {
  const std::vector<placeable_group> equal(8, {1, 0});
  const std::vector<placeable_node> two{three[0], three[1]};
  REQUIRE(nodes_of(place_by_cost(equal, two, 2)) == std::vector<int>{1, 1, 2, 2, 1, 1, 2, 2});
  REQUIRE(nodes_of(place_by_cost(equal, two, 4)) == std::vector<int>{1, 2, 1, 2, 1, 2, 1, 2});
  REQUIRE(nodes_of(*place_groups("", equal, two, 4)) == std::vector<int>{1, 2, 1, 2, 1, 2, 1, 2});
}

TEST_CASE("by cost, a connection that carries its bytes while its groups compute costs nothing") {
  std::vector<placeable_group> groups(4, {1, 0});
  groups[1].bytes_below = 19; // 1.9 s a sample, where two groups compute for 2
  auto nodes = three;
  nodes.pop_back();
  for (auto& each : nodes) each.bytes_per_second = 10;
  groups[2].bytes_below = 19;
  REQUIRE(nodes_of(place_by_cost(groups, nodes)) == std::vector<int>{1, 1, 2, 2});
  groups[2].bytes_below = 31; // 3.1 s: a node that computes for 3 is faster
  REQUIRE(nodes_of(place_by_cost(groups, nodes)) == std::vector<int>{1, 2, 2, 2});
}

TEST_CASE("by cost, what crosses a slow connection counts") {
  std::vector<placeable_group> groups(4, {1, 1});
  groups[2].bytes_below = 100;
  auto nodes = three;
  nodes.pop_back();
  REQUIRE(nodes_of(place_by_cost(groups, nodes)) == std::vector<int>{1, 1, 2, 2});
  for (auto& each : nodes) each.bytes_per_second = 10; // over the interface below group 2 it takes 10 s a sample
  const auto places = nodes_of(place_by_cost(groups, nodes));
  REQUIRE(places[1] == places[2]);
}

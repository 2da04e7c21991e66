// Nodes that cannot reach each other by the addresses that they gave are found before the run.
#include "actors/distributed/node_placement.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;

namespace {

const std::vector<run_member> nodes{
  {1, "a", "127.0.0.1", 7001, 11}, {2, "b", "10.0.0.2", 7002, 12}, {3, "c", "127.0.0.1", 7003, 13}};

status check(const std::vector<std::uint8_t>& node_of, const std::string& own_host = "10.0.0.1") {
  std::vector<group_place> places;
  for (const auto node : node_of) places.push_back({node, "cpu"});
  return check_reach(
    nodes, places, [](const std::string& host) { return host == "127.0.0.1"; },
    [&](const std::string& host) { return host == own_host; });
}

} // namespace

TEST_CASE("a loopback address beside a node on another machine is refused, whichever is above, with what to do") {
  const auto order = GENERATE(values<std::vector<std::uint8_t>>({{1, 2}, {2, 1}, {3, 0, 2, 2, 1}}));
  REQUIRE(check(order).message() ==
          "node a joined by a loopback address and is reached at 127.0.0.1:7001 on the coordinator's machine only, but "
          "its neighbour b is at 10.0.0.2:7002: let a --join by the address that the others use, or start it with "
          "--listen 0.0.0.0:PORT and --advertise HOST:PORT");
}

TEST_CASE("nodes that share a machine, and those that are no neighbours, may have loopback addresses") {
  REQUIRE(check({1, 3, 3, 1}));
  REQUIRE(check({1, 0, 2, 0, 3})); // all have reached the coordinator
  REQUIRE(check({1, 2}, "10.0.0.2"));
  REQUIRE(check({}));
}

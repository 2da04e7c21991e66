// Which links the processes of a run open to each other.
#include "actors/distributed/run_links.hpp"
#include "runtime/random.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace syngrad;

namespace {

std::vector<std::string> titles(const std::vector<link_route>& routes) {
  std::vector<std::string> out;
  for (const auto& each : routes)
    out.push_back((each.outgoing ? "to " : "from ") + std::to_string(each.other) + ": " + each.title());
  return out;
}

} // namespace

TEST_CASE("a node in the middle has a link to and from each neighbour, and to and from the coordinator") {
  REQUIRE(titles(routes_of(2, {1, 1, 2, 3})) ==
          std::vector<std::string>{"from 1: link group 1 -> group 2", "to 1: link group 2 -> group 1",
                                   "from 0: link the coordinator -> group 2", "to 3: link group 2 -> group 3",
                                   "from 3: link group 3 -> group 2", "to 0: link this node -> the coordinator"});
  REQUIRE(titles(routes_of(0, {0, 2})).back() == "from 2: link node 2 -> the coordinator");
  REQUIRE(neighbours_of(2, {1, 1, 2, 3}) == std::vector<std::uint8_t>{0, 1, 3});
  REQUIRE(neighbours_of(0, {0, 0, 2, 0}) == std::vector<std::uint8_t>{2});
}

TEST_CASE("every link has one end of each kind, with the same number, and no other of its pair has that number") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    random_source random(seed, 1);
    std::vector<std::uint8_t> node_of(1 + random.below(8));
    for (auto& each : node_of) each = static_cast<std::uint8_t>(random.below(4));
    CAPTURE(seed, node_of.size());
    std::set<std::tuple<std::uint8_t, std::uint8_t, std::uint32_t>> outgoing, incoming;
    for (std::uint8_t here = 0; here < 4; ++here) {
      for (const auto& each : routes_of(here, node_of)) {
        REQUIRE(each.other != here);
        const auto from = each.outgoing ? here : each.other, to = each.outgoing ? each.other : here;
        REQUIRE((each.outgoing ? outgoing : incoming).insert({from, to, each.number()}).second);
      }
    }
    REQUIRE(outgoing == incoming);
    for (const auto& [from, to, number] : outgoing) REQUIRE_FALSE(outgoing.contains({to, from, number}));
  }
}

TEST_CASE("the control links of a node have numbers of their own") {
  const auto down = control_route(0, 1, true), up = control_route(0, 1, false);
  REQUIRE(down.number() == control_route(1, 0, false).number());
  REQUIRE(up.number() == control_route(1, 0, true).number());
  REQUIRE(down.number() != up.number());
  for (const auto& each : routes_of(0, {1, 0, 1}))
    REQUIRE((each.number() != down.number() && each.number() != up.number()));
}

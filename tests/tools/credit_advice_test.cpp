// When a run is told to let more batches be on their way, and how many.
#include "tests/support/catch.hpp"
#include "tools/distributed/credit_advice.hpp"

using namespace syngrad;
using namespace syngrad::tools;

namespace {

// Two nodes that take 10 ms for a batch of 100 rows each, beside 0.1 ms for handling it.
planned_flow two_nodes(double round_trip_s) {
  const placeable_group group{0.8e6, 0}; // 80 % of the products' rate is reached
  return {{group, group},
          {{1, "cpu"}, {2, "cpu"}},
          {{1, "a", {"cpu"}, 1e10, 0, round_trip_s}, {2, "b", {"cpu"}, 1e10, 0, 0}},
          100,
          2};
}

} // namespace

TEST_CASE("as many batches are in flight as the slowest node computes in the longest round trip, and one more") {
  auto flow = two_nodes(0.2);
  REQUIRE(estimate_flow(flow).steps_per_s == Approx(1 / 0.0101));
  REQUIRE(estimate_flow(flow).round_trip_s == 0.2);
  REQUIRE(estimate_flow(flow).in_flight() == Approx(1 + 0.2 / 0.0101));
  flow.nodes[1].flops = 5e9;
  REQUIRE(estimate_flow(flow).steps_per_s == Approx(1 / 0.0201));
}

TEST_CASE("a link that is slower than the nodes sets the pace") {
  auto flow = two_nodes(0.2);
  flow.groups[1].bytes_below = 2 * 1e4; // 1 MB a batch each way
  flow.nodes[0].bytes_per_second = 1e7;
  REQUIRE(estimate_flow(flow).steps_per_s == Approx(10));
  flow.places[1].node = 1; // beside each other: only the source's link is left, with nothing on it
  REQUIRE(estimate_flow(flow).steps_per_s == Approx(1 / 0.0202));
}

TEST_CASE("slow links with few credits bring one line, which says what would do") {
  REQUIRE(credit_advice(two_nodes(0.2)) ==
          "links take 200 ms there and back, about 21 batches at 99 steps/s: --credits 64 would keep the nodes busy "
          "(now 2)");
}

TEST_CASE("nothing is said where the credits suffice, or where links are as fast as within a machine") {
  auto flow = two_nodes(0.2);
  flow.credits = 32;
  REQUIRE_FALSE(credit_advice(flow));
  flow = two_nodes(0.008);
  REQUIRE_FALSE(credit_advice(flow)); // 1.8 batches
  flow = two_nodes(0.001);
  flow.groups[0].multiply_adds = flow.groups[1].multiply_adds = 0; // 10,000 steps a second
  REQUIRE_FALSE(credit_advice(flow));
}

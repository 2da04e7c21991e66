// The edges of a run, and what a group knows of those below and above it.
#include "actors/group_edges.hpp"

#include "actors/predictor_port.hpp"
#include "tests/support/catch.hpp"

#include <vector>

using namespace syngrad;

namespace {

const run_edges three_groups_edges(3);

upper_edge edge_with_gaps(std::int64_t max_alone) {
  return {three_groups_edges.above(0), max_alone, {}};
}

} // namespace

TEST_CASE("the edges of a run lead from the source through the groups, and end open above the top one") {
  const std::vector<run_edge> all(three_groups_edges.begin(), three_groups_edges.end());
  REQUIRE(all.size() == 4);
  REQUIRE(all[0].below == run_edge::source);
  REQUIRE(all[0].above == 0);
  REQUIRE(all[0].id == no_edge);
  for (int i = 1; i < 3; ++i) {
    REQUIRE(all[static_cast<std::size_t>(i)].id == i - 1); // as traces number interfaces
    REQUIRE(all[static_cast<std::size_t>(i)].below == i - 1);
    REQUIRE(all[static_cast<std::size_t>(i)].above == i);
    REQUIRE(all[static_cast<std::size_t>(i)].between_groups());
  }
  REQUIRE(all[3].is_open());
  REQUIRE(all[3].id == no_edge);
  REQUIRE(three_groups_edges.above(1).id == three_groups_edges.below(2).id);
}

TEST_CASE("a run of one group has an edge from the source, and none that gradients cross") {
  const run_edges alone(1);
  REQUIRE(alone.size() == 2);
  REQUIRE(alone.below(0).below == run_edge::source);
  REQUIRE_FALSE(alone.below(0).between_groups());
  REQUIRE(alone.above(0).is_open());
}

TEST_CASE("the edge below wants what its neighbour says, and the source wants no gradient") {
  gradient_demand every_fourth;
  every_fourth.every = 4;
  lower_edge edge(three_groups_edges.below(2), every_fourth, 1);
  REQUIRE(edge.takes_gradients());
  REQUIRE(edge.neighbour() == 1);
  REQUIRE(edge.wants_gradient_of(8));
  REQUIRE_FALSE(edge.wants_gradient_of(9));
  edge.wants(3);
  REQUIRE(edge.wants_gradient_of(9));
  edge.wants(0); // nonsense from another process: it counts as 1
  REQUIRE(edge.wants_gradient_of(7));
  REQUIRE_FALSE(lower_edge(three_groups_edges.below(0), {}, 1).takes_gradients());
}

TEST_CASE("a credit is good for one activation") {
  auto edge = edge_with_gaps(0);
  REQUIRE_FALSE(edge.take_credit());
  edge.grant(2);
  REQUIRE(edge.take_credit());
  REQUIRE(edge.credits() == 1);
  REQUIRE(edge.take_credit());
  REQUIRE_FALSE(edge.take_credit());
  REQUIRE(edge.credits() == 0);
}

TEST_CASE("at one gap so many batches end as are allowed, and the next gap counts anew") {
  auto edge = edge_with_gaps(2);
  batch_record record;
  REQUIRE_FALSE(edge.may_end_at_gap());
  edge.opens_gap();
  edge.ends_at_gap(record);
  REQUIRE(record.ends_at_gap);
  edge.opens_gap(); // the link says so twice: it is still the same gap
  edge.ends_at_gap(record);
  REQUIRE_FALSE(edge.may_end_at_gap());
  edge.closes_gap();
  edge.opens_gap();
  REQUIRE(edge.may_end_at_gap());
  edge.ends_at_gap(record);
  edge.closes_gap();
  REQUIRE_FALSE(edge.may_end_at_gap());
  REQUIRE(edge.ended_at_gaps() == 3);
  auto waiting = edge_with_gaps(0);
  waiting.opens_gap();
  REQUIRE_FALSE(waiting.may_end_at_gap());
}

TEST_CASE("agreement is measured of every fourth batch, counted from the last one that had a gradient") {
  auto edge = edge_with_gaps(0);
  std::vector<std::uint64_t> measured;
  for (const std::uint64_t batch : {0u, 1u, 2u, 3u, 4u, 9u, 10u, 12u, 13u})
    if (edge.measures_agreement(batch)) measured.push_back(batch);
  REQUIRE(measured == std::vector<std::uint64_t>{0, 4, 9, 13});
}

TEST_CASE("a predictor has one question at a time, and only its answer is taken") {
  predictor_port port;
  REQUIRE_FALSE(port.exists());
  port.connect(true);
  REQUIRE_FALSE(port.is_answered(5));
  batch_record record;
  record.batch = 5;
  port.asks(record);
  REQUIRE_FALSE(port.is_answered(4));
  REQUIRE(port.is_answered(5));
  REQUIRE_FALSE(port.is_answered(5)); // once
  port.dropped(7);
  REQUIRE(port.dropped_targets() == 7);
}

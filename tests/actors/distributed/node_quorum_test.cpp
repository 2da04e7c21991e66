// When a run has waited long enough for its nodes.
#include "actors/distributed/node_wait.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;
using std::chrono::seconds;

TEST_CASE("a run begins at once with as many nodes as may come") {
  node_quorum quorum({2, 3});
  REQUIRE(quorum.is_reached(3, 3, {}));
}

TEST_CASE("a run begins with fewer once they have been enough for a while and nobody is on the way in") {
  node_quorum quorum({2, 4});
  const node_quorum::clock::time_point start{seconds(100)};
  REQUIRE_FALSE(quorum.is_reached(1, 2, start));
  REQUIRE_FALSE(quorum.is_reached(2, 2, start));
  REQUIRE_FALSE(quorum.is_reached(2, 2, start + seconds(2)));
  REQUIRE_FALSE(quorum.is_reached(2, 3, start + seconds(3)));
  REQUIRE(quorum.is_reached(3, 3, start + seconds(3)));
}

TEST_CASE("a node that leaves starts the wait again") {
  node_quorum quorum({2, 4});
  const node_quorum::clock::time_point start{seconds(100)};
  REQUIRE_FALSE(quorum.is_reached(2, 2, start));
  REQUIRE_FALSE(quorum.is_reached(1, 1, start + seconds(1)));
  REQUIRE_FALSE(quorum.is_reached(2, 2, start + seconds(3)));
  REQUIRE(quorum.is_reached(2, 2, start + seconds(6)));
}

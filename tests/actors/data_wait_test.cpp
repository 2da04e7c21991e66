// What counts as waiting for data: nothing made, and nothing else that the group above could do.
#include "actors/data_wait.hpp"

#include "tests/support/catch.hpp"

using namespace syngrad;

TEST_CASE("a wait for data counts from when all credits are back, or from when a batch is wanted, until it is there") {
  data_wait wait;
  wait.credits(2);
  wait.begin(2, 100);
  REQUIRE(wait.is_waiting());
  wait.end(150);
  REQUIRE(wait.total_ns() == 50);
  wait.credits(1);
  wait.begin(1, 200); // the group still has a batch
  REQUIRE_FALSE(wait.is_waiting());
  wait.end(300);
  REQUIRE(wait.total_ns() == 50);
  wait.credits(2);
  wait.begin(2, 310); // now it has none
  wait.end(340);
  REQUIRE(wait.total_ns() == 80);
}

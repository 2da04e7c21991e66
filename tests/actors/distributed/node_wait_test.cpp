// What is said while a run waits for its nodes, and when it gives up.
#include "actors/distributed/node_wait.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;
using std::chrono::seconds;

namespace {

const node_wait::clock::time_point start{seconds(1000)};

} // namespace

TEST_CASE(
  "a wait without a limit never fails, and says who is here and missing when that changes, then ever more rarely") {
  node_wait wait({{3, 3}, {"b"}, std::nullopt}, start);
  CHECK_FALSE(wait.news({{}, 0}, start));
  CHECK_FALSE(wait.news({{}, 0}, start + seconds(29)));
  CHECK(wait.news({{}, 0}, start + seconds(30)) == "waited 30 s; here: nobody; missing: b and 2 nodes");
  CHECK_FALSE(wait.news({{}, 1}, start + seconds(89)));
  CHECK(wait.news({{}, 1}, start + seconds(90)) ==
        "waited 90 s; here: nobody; missing: b and 2 nodes; on the way in: 1");
  CHECK(wait.news({{"a"}, 1}, start + seconds(91)) == "waited 91 s; here: a; missing: b and 1 node");
  CHECK_FALSE(wait.news({{"a"}, 1}, start + seconds(120)));
  CHECK(wait.news({{"a"}, 1}, start + seconds(121)));
  CHECK(wait.news({{"a", "b"}, 2}, start + seconds(122)) == "waited 122 s; here: a, b; missing: 1 node");
  CHECK(wait.news({{"b"}, 1}, start + seconds(123)) == "waited 123 s; here: b; missing: 2 nodes");
  CHECK_FALSE(wait.too_late({{}, 0}, start + seconds(1000000)));
}

TEST_CASE("a wait with a limit fails when it is over, and names the option and what is missing") {
  const node_wait wait({{2, 4}, {}, 5.5}, start);
  CHECK_FALSE(wait.too_late({{"a"}, 1}, start + seconds(5)));
  CHECK(wait.too_late({{"a"}, 1}, start + seconds(6)) ==
        "--wait-for: waited 5.5 s for 2 nodes; here: a; missing: 1 node; start what is missing, or wait longer");
}

TEST_CASE("a run that places groups on a node does not begin without that one, however many others there are") {
  node_wait wait({{2, 3}, {"c"}, 60}, start);
  CHECK_FALSE(wait.is_reached({{"a", "b"}, 2}, start));
  CHECK_FALSE(wait.is_reached({{"a", "b"}, 2}, start + seconds(10)));
  CHECK(wait.news({{"a", "b"}, 2}, start + seconds(10)) == "waited 10 s of 60 s; here: a, b; missing: c");
  CHECK(wait.is_reached({{"a", "b", "c"}, 3}, start + seconds(10)));
}

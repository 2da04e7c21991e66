#include "actors/hang_watch.hpp"

#include "tests/support/catch.hpp"

using namespace syngrad;
using seconds = hang_watch::seconds;

namespace {

// A process that is looked at, on a clock of its own.
struct watched {
  explicit watched(double patience) : watch(seconds(patience)) { look(0, 0); }

  // `passed` seconds later, in which it computed for so many.
  void look(double passed, double computed) {
    now += passed;
    used += computed;
    watch.look(seconds(now), seconds(used), beat);
  }
  // In steps of a pause. Returns after how many seconds it is hung, or `most`.
  double until_hung(double most, double share_computed) {
    double passed = 0;
    for (; passed < most && !watch.hung(); passed += 1) look(1, share_computed);
    return passed;
  }

  hang_watch watch;
  double now = 1000, used = 50;
  std::uint64_t beat = 7;
};

} // namespace

TEST_CASE("a process that runs and does nothing hangs after its patience") {
  watched process(60);
  CHECK(process.until_hung(1000, 0) == 61);
  CHECK(process.watch.limit() == seconds(60));
  CHECK(process.watch.beat() == 7);
}

TEST_CASE("timers and connections are not computing") {
  watched process(60);
  CHECK(process.until_hung(1000, 0.05) == 61);
}

TEST_CASE("whatever is done starts the time anew") {
  watched process(60);
  for (int i = 0; i < 5; ++i) {
    for (int s = 0; s < 50; ++s) process.look(1, 0);
    ++process.beat;
  }
  process.look(1, 0);
  CHECK_FALSE(process.watch.hung());
}

TEST_CASE("a process that was stopped is not hung, however long and how often") {
  watched process(60);
  for (int i = 0; i < 20; ++i) process.look(100000, 0);
  CHECK_FALSE(process.watch.hung()); // two seconds each
  process.look(1, 0);
  ++process.beat;
  process.look(1, 0);
  CHECK(process.watch.limit() < seconds(200)); // and the gaps are no long step
}

TEST_CASE("the time of a stop does not count, that before and after it does") {
  watched process(60);
  for (int s = 0; s < 30; ++s) process.look(1, 0);
  process.look(5000, 0);
  CHECK(process.until_hung(1000, 0) == 29);
}

TEST_CASE("a process that computes is slow for ten times as long, and hung then") {
  watched process(60);
  CHECK(process.until_hung(10000, 1.7) == Approx(601).margin(1));
}

TEST_CASE("a step may take three times as long as the longest so far") {
  watched process(60);
  for (int s = 0; s < 200; ++s) process.look(1, 1); // slow, and then done
  ++process.beat;
  process.look(1, 1);
  CHECK(process.watch.limit() == seconds(3 * 201));
  CHECK(process.until_hung(10000, 0) == 604);
}

TEST_CASE("with a short patience the looks are close, and gaps are cut to that") {
  watched process(0.2);
  CHECK(process.watch.pause() == seconds(0.05));
  process.look(10, 0);
  CHECK_FALSE(process.watch.hung());
  process.look(10, 0);
  CHECK_FALSE(process.watch.hung());
  process.look(10, 0);
  CHECK(process.watch.hung());
}

TEST_CASE("a patience of nothing is never at its end") {
  watched process(0);
  process.look(1e9, 0);
  CHECK_FALSE(process.watch.hung());
}

TEST_CASE("a process that is slow elsewhere is given its time nine times more, and again after what is done") {
  watched process(60);
  for (int i = 0; i < 9; ++i) {
    CHECK(process.until_hung(1000, 0) == 61);
    process.watch.found_slow();
    CHECK_FALSE(process.watch.hung());
  }
  CHECK(process.until_hung(1000, 0) == 61);
  process.watch.found_slow();
  CHECK(process.watch.hung());
}

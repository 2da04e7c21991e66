#include "actors/training_progress.hpp"

#include "tests/support/catch.hpp"

#include <cmath>

using namespace syngrad;

TEST_CASE("a batch without a loss is done, and counts in no mean") {
  training_progress progress;
  progress.begin(0);
  REQUIRE(std::isnan(progress.recent_loss()));
  REQUIRE(std::isnan(progress.interval_loss()));
  progress.batch_done(not_measured, 1);
  REQUIRE(std::isnan(progress.recent_loss()));
  progress.batch_done(2, 2);
  REQUIRE(progress.recent_loss() == 2);
  progress.batch_done(not_measured, 3);
  progress.batch_done(4, 4);
  REQUIRE(progress.done() == 4);
  REQUIRE(progress.interval_loss() == 3);
  REQUIRE(progress.recent_loss() == Approx(2.1));
  progress.end_interval();
  REQUIRE(std::isnan(progress.interval_loss()));
  REQUIRE(progress.recent_loss() == Approx(2.1));
}

TEST_CASE("time of training ends with the last batch before a rest, and goes on when training does") {
  training_progress progress;
  progress.begin(1'000'000'000);
  progress.batch_done(1, 2'000'000'000);
  progress.batch_done(1, 3'000'000'000);
  REQUIRE(progress.steps_per_s(false) == Approx(1));
  progress.rest(9'000'000'000); // six seconds of an evaluation
  REQUIRE(progress.trained_ns() == 2'000'000'000);
  REQUIRE(progress.trained_s() == Approx(2));
  progress.resume(10'000'000'000);
  progress.batch_done(1, 12'000'000'000);
  REQUIRE(progress.steps_per_s(false) == Approx(0.75));
  REQUIRE(progress.steps_per_s(true) == Approx(1.5)); // of what was counted so far
  REQUIRE(progress.wall_s(13'000'000'000) == Approx(12));
  REQUIRE(progress.trained_s() == Approx(4));
}

TEST_CASE("batches that were skipped count at the end where they are the last, those that ended at gaps included") {
  training_progress progress;
  for (int i = 0; i < 4; ++i) progress.batch_done(1, i);
  progress.batch_alone();
  progress.batch_skipped(1, "first");
  REQUIRE(progress.skipped_at_the_end() == 0);
  for (const std::uint64_t batch : {4u, 3u, 4u}) progress.batch_skipped(batch, "later");
  REQUIRE(progress.all() == 5);
  REQUIRE(progress.skipped() == 3);
  REQUIRE(progress.skipped_at_the_end() == 2);
  REQUIRE(progress.first_skipped() == "first");
}

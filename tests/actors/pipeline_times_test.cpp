// What each schedule of a pipeline leaves idle, and holds of micro-batches, on workers that compute at once: the
// groups' own order, on a clock of its own.
#include "actors/pipeline_schedule.hpp"
#include "tests/actors/timed_groups.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>

namespace syngrad::test {

TEST_CASE("four workers are idle for as long as the formula of their schedule says, within five points") {
  const std::string schedule =
    GENERATE("gpipe", "1f1b", "zero-bubble", "zero-bubble:h2", "interleaved:2", "interleaved:4");
  const std::int64_t micro_batches = GENERATE(4, 8, 16, 32);
  const bool filled = schedule != "zero-bubble:h2" || micro_batches >= 2 * 4 - 1; // else that many are not in flight
  const auto setup = timed_pipeline(schedule, 4, micro_batches);
  const auto out = run_timed(setup);
  CAPTURE(schedule, micro_batches, out.a_step);
  REQUIRE(out.updates == setup.settings.steps);
  if (filled) CHECK(std::abs(out.mean_idle() - idle_by_formula(setup)) < 0.05);
}

TEST_CASE("a group has no more micro-batches at once than its schedule says") {
  for (const int groups : {1, 2, 3, 4, 7})
    for (const std::int64_t micro_batches : {1, 2, 3, 5, 8, 16}) {
      CAPTURE(groups, micro_batches);
      const auto at_once = [&](const std::string& schedule) {
        return run_timed(timed_pipeline(schedule, groups, micro_batches, 3)).most_in_flight;
      };
      const auto one_each = at_once("1f1b"), all = at_once("gpipe"), filled = at_once("zero-bubble"),
                 twice = at_once("zero-bubble:h2");
      for (int i = 0; i < groups; ++i) {
        CAPTURE(i);
        const auto at = static_cast<std::size_t>(i);
        CHECK(one_each[at] == std::min<std::int64_t>(micro_batches, groups - i));
        CHECK(all[at] == micro_batches);
        CHECK(filled[at] <= std::min<std::int64_t>(micro_batches, groups));
        CHECK(twice[at] <= std::min<std::int64_t>(micro_batches, 2 * groups - 1));
      }
    }
}

// Whatever the messages' way and the passes take, no order waits for itself.
TEST_CASE("every schedule ends with any number of micro-batches and workers, whatever takes how long") {
  random_source random(1, 5);
  for (int i = 0; i < 300; ++i) {
    const int workers = 1 + static_cast<int>(random.below(5)), chunks = 1 + static_cast<int>(random.below(4));
    const auto schedule = chunks > 1             ? fmt::format("interleaved:{}", chunks)
                          : random.below(4) == 0 ? "gpipe"
                          : random.below(3) == 0 ? "1f1b"
                          : random.below(2) == 0 ? "zero-bubble"
                                                 : "zero-bubble:h2";
    auto setup = timed_pipeline(schedule, workers, 1 + random.below(13), 3);
    setup.forward = random.uniform();
    setup.input_gradient = random.uniform();
    setup.parameter_gradient = random.uniform();
    setup.hop = random.below(2) == 0 ? 0 : 2 * random.uniform();
    setup.settings.credits = 1 + static_cast<int>(random.below(3));
    CAPTURE(i, schedule, workers, setup.settings.micro_batches.value());
    const auto out = run_timed(setup); // throws where it is stuck
    REQUIRE(out.updates == 3);
    for (std::size_t group = 0; group < out.most_in_flight.size(); ++group) {
      const stage_order order(setup.settings.pipeline, static_cast<int>(group), workers * chunks,
                              setup.settings.micro_batches.value());
      REQUIRE(out.most_in_flight[group] <= order.most_in_flight());
      const auto& passes = out.passes[group];
      for (const char each : {'F', 'B'})
        REQUIRE(std::count(passes.begin(), passes.end(), each) == 3 * setup.settings.micro_batches.value());
    }
  }
}

TEST_CASE("gpipe goes forward with all before it goes back with the first; 1f1b goes back with one after each") {
  const auto passes = [](const std::string& schedule, std::size_t group) {
    const auto all = run_timed(timed_pipeline(schedule, 3, 4, 1)).passes[group];
    return std::string(all.begin(), all.end());
  };
  // B without parameters' gradients takes those with it here: BW.
  for (std::size_t group = 0; group < 3; ++group) CHECK(passes("gpipe", group) == "FFFFBWBWBWBW");
  CHECK(passes("1f1b", 0) == "FFFBWFBWBWBW");
  CHECK(passes("1f1b", 1) == "FFBWFBWFBWBW");
  CHECK(passes("1f1b", 2) == "FBWFBWFBWFBW");
  CHECK(passes("zero-bubble", 0) == "FFFBWFBWBWBW");
  const auto top = passes("zero-bubble", 2);
  CHECK(top.substr(0, 4) == "FBFB"); // the gradients of parameters wait
  CHECK(std::count(top.begin(), top.end(), 'W') == 4);
}

} // namespace syngrad::test

// Devices that break, or have too little memory, while groups train on them: the run ends in order, says who was at
// what, and keeps the weights of all groups whose device is well.
#include "tests/actors/late_worker.hpp"
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include "actors/training.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <cmath>
#include <stdexcept>

using namespace syngrad;
using namespace syngrad::test;

namespace {

const char* const reason = "scale: an illegal memory access was encountered";
constexpr std::size_t weights_of_hidden_unit =
  5 * 4 + 4 * 4; // of mlp:5-4x2-3: weight, scale, shift, running mean and variance

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Work of a run until it has ended, so that every piece of it can be broken once.
std::uint64_t work_of_a_whole_run(const std::string& policy) {
  cpu_device cpu;
  late_device late(1, std::size_t{1} << 22);
  const auto out =
    run_scheduled(three_groups(policy, 6), "mlp:5-4x2-3", toy(), {&cpu, {&cpu, &late, &cpu}}, {1, {}, &late});
  REQUIRE(out.summary.failure == "");
  return late.works_done();
}

} // namespace

TEST_CASE(
  "whichever piece of work breaks a device, the run ends, names actor and operator, and saves the other groups") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  const auto works = work_of_a_whole_run(policy);
  REQUIRE(works > 100);
  for (std::uint64_t number = 0; number < works / 2; number += 7) {
    CAPTURE(number);
    cpu_device cpu;
    late_device late(number, std::size_t{1} << 22);
    late.break_work(number, reason);
    const auto out =
      run_scheduled(three_groups(policy, 1000), "mlp:5-4x2-3", toy(), {&cpu, {&cpu, &late, &cpu}}, {number, {}, &late});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.end == run_end::failed);
    CAPTURE(out.summary.failure);
    REQUIRE(contains(out.summary.failure, reason));
    REQUIRE((contains(out.summary.failure, "group 1") || contains(out.summary.failure, "predictor 1") ||
             contains(out.summary.failure, "solver 1")));
    REQUIRE(out.summary.lost_groups.size() == 1);
    REQUIRE(out.summary.lost_groups[0].group == 1);
    REQUIRE(out.summary.lost_groups[0].device == "late");
    REQUIRE(contains(out.summary.lost_groups[0].why, reason));
    REQUIRE(out.weights.size() == weights_of_hidden_unit + 4 * 3 + 3);
    for (const float each : out.weights) REQUIRE(std::isfinite(each));
  }
}

TEST_CASE("a failure names the batch that was worked on") {
  cpu_device cpu;
  late_device late(1, std::size_t{1} << 22);
  late.break_work(300, reason);
  const auto out =
    run_scheduled(three_groups("locked", 1000), "mlp:5-4x2-3", toy(), {&cpu, {&late, &late, &late}}, {1, {}, &late});
  CAPTURE(out.summary.failure);
  REQUIRE(out.summary.steps > 0);
  const auto at = out.summary.failure.find(", batch ");
  REQUIRE(at != std::string::npos);
  const auto batch = std::stoll(out.summary.failure.substr(at + 8));
  REQUIRE(batch >= out.summary.steps - 1);
  REQUIRE(batch <= out.summary.steps + three_groups("locked", 1).credits);
  REQUIRE(out.summary.lost_groups.size() == 3);
  REQUIRE(out.weights.empty());
}

TEST_CASE("a broken device does not keep a peer's weights from being saved") {
  // The peer is below: of what a broken device sends, gradients do no harm, but labels are indices.
  cpu_device cpu;
  late_device late(1, std::size_t{1} << 22), peer(2, std::size_t{1} << 22);
  late.pair_with(peer);
  late.break_work(500, reason);
  const auto out = run_scheduled(three_groups("synthetic", 1000), "mlp:5-4x2-3", toy(), {&cpu, {&peer, &peer, &late}},
                                 {3, {}, &late, &peer});
  REQUIRE(out.stuck == "");
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(contains(out.summary.failure, reason));
  REQUIRE(out.summary.lost_groups.size() == 1);
  REQUIRE(out.summary.lost_groups[0].group == 2);
  REQUIRE(out.weights.size() == 2 * weights_of_hidden_unit - 4); // the second has 4 inputs
}

TEST_CASE("memory that runs out ends the run with who asked, for how much, and what was free") {
  cpu_device cpu;
  const auto run_with = [&](late_device& late, const device_places& places) {
    return run_scheduled(three_groups("locked", 1000), "mlp:5-4x2-3", toy(), places, {1, {}, &late}).summary;
  };
  SECTION("in a batch of a group") {
    late_device measured(1);
    REQUIRE(training::prepare(three_groups("locked", 1), std::move(*make_network("mlp:5-4x2-3")), toy(),
                              {&cpu, {&cpu, &measured, &cpu}}));
    late_device late(1, measured.memory().counters().bytes + 1024); // the weights fit, the batches do not
    const auto summary = run_with(late, {&cpu, {&cpu, &late, &cpu}});
    CAPTURE(summary.failure);
    REQUIRE(summary.end == run_end::failed);
    REQUIRE(contains(summary.failure, "group 1"));
    REQUIRE(contains(summary.failure, "B asked for"));
    REQUIRE(contains(summary.failure, "B free"));
    REQUIRE(summary.lost_groups.empty()); // the device is well
  }
  SECTION("for a batch of the data") {
    late_device late(1, 128);
    const auto summary = run_with(late, {&late, {&cpu, &cpu, &cpu}});
    CAPTURE(summary.failure);
    REQUIRE(summary.end == run_end::failed);
    REQUIRE(contains(summary.failure, "source"));
    REQUIRE(contains(summary.failure, "late: too little memory: 192 B asked for"));
  }
  SECTION("for the weights, before anything has begun") {
    late_device late(1, 256);
    try {
      run_with(late, {&cpu, {&cpu, &cpu, &late}});
      FAIL("it was not refused");
    } catch (const std::invalid_argument& refused) {
      REQUIRE(contains(refused.what(), "group 2 (layers 2) does not fit: late: too little memory"));
    }
  }
}

TEST_CASE("a training on threads whose device breaks returns its failure and the weights that are left") {
  cpu_device cpu;
  late_device late(1);
  late.break_work(2000, reason);
  auto prepared = training::prepare(three_groups("synthetic", 1'000'000), std::move(*make_network("mlp:5-4x2-3")),
                                    toy(), {&cpu, {&cpu, &late, &cpu}});
  REQUIRE(prepared);
  const late_worker worker({&late});
  const auto summary = (*prepared)->run();
  CAPTURE(summary.failure);
  REQUIRE(summary.end == run_end::failed);
  REQUIRE(contains(summary.failure, reason));
  REQUIRE(contains(summary.failure, "not saved: the weights of group 1 (layers 1 on late)"));
  REQUIRE(summary.steps > 0);
  std::size_t saved = 0;
  for (const auto& each : (*prepared)->weights()) saved += static_cast<std::size_t>(each.value.elements());
  REQUIRE(saved == weights_of_hidden_unit + 4 * 3 + 3);
}

TEST_CASE("a training on threads across devices that work late gives the weights of the CPU") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  auto settings = three_groups(policy, 60);
  settings.deterministic = true;
  const auto weights_on = [&](const device_places& places) {
    auto prepared = training::prepare(settings, std::move(*make_network("mlp:5-4x2-3")), toy(), places);
    REQUIRE(prepared);
    const auto summary = (*prepared)->run();
    REQUIRE(summary.failure == "");
    REQUIRE(summary.steps == 60);
    std::vector<float> all;
    for (const auto& each : (*prepared)->weights())
      all.insert(all.end(), each.value.f32(), each.value.f32() + each.value.elements());
    return all;
  };
  cpu_device cpu;
  late_device late(1), peer(2);
  late.pair_with(peer);
  const auto expected = weights_on({&cpu, {&cpu, &cpu, &cpu}});
  const late_worker worker({&late, &peer});
  REQUIRE(weights_on({&late, {&cpu, &late, &peer}}) == expected);
  REQUIRE(weights_on({&cpu, {&peer, &late, &cpu}}) == expected);
}

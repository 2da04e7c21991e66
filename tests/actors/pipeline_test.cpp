// Pipelines of micro-batches: the update of the whole batch, whatever the schedule, the number of micro-batches and the
// timing.
#include "actors/planned_memory.hpp"
#include "actors/run_check.hpp"
#include "actors/update_policy.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/relu.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::test {
namespace {

const std::vector<std::string> pipeline_schedules{"gpipe", "1f1b", "interleaved:2", "zero-bubble", "zero-bubble:h2"};

// Nothing in it takes statistics of a batch. Its layers leave parameters' gradients to later, in two of each four units
// more than one of them.
network cuttable_network() {
  network out{"cuttable", {{5}}, {}};
  const std::int64_t widths[] = {5, 6, 7, 6, 3};
  for (int i = 0; i < 4; ++i) {
    layer_list unit;
    unit.push_back(std::make_unique<linear>(widths[i], widths[i + 1], true));
    if (i % 2) unit.push_back(std::make_unique<linear>(widths[i + 1], widths[i + 1], false));
    if (i < 3) unit.push_back(std::make_unique<relu>(widths[i + 1]));
    out.units.push_back(std::move(unit));
  }
  return out;
}

training_settings piped_settings(const std::string& schedule, std::int64_t micro_batches, std::int64_t steps = 50) {
  auto settings = four_groups("pipeline", steps);
  settings.batch_size = 12;
  settings.pipeline = pipeline_schedule::parse(schedule).value();
  settings.micro_batches = micro_batches;
  settings.schedule = "0.5:0.1";
  return settings;
}

threaded_result piped_training(const training_settings& settings) {
  cpu_device cpu;
  auto out = run_threaded(settings, cuttable_network(), toy(), cpu);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.summary.steps == settings.steps);
  for (const auto& group : out.summary.groups) {
    REQUIRE(group.updates == settings.steps);
    REQUIRE(group.staleness == 0);
  }
  return out;
}

double distance_of_weights(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double apart = 0, all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    apart += std::pow(static_cast<double>(a[i]) - b[i], 2);
    all += std::pow(static_cast<double>(b[i]), 2);
  }
  return std::sqrt(apart / all);
}

std::string pipeline_refusal(const std::function<void(training_settings&)>& spoil) {
  auto settings = piped_settings("1f1b", 3, 10);
  spoil(settings);
  const auto checked = check_run(settings, cuttable_network(), nullptr);
  return checked ? "" : checked.message();
}

} // namespace

TEST_CASE("after 50 steps a pipeline has the weights of locked with the same batch, within 1e-5, and its losses") {
  const std::string optimizer = GENERATE("sgd", "adam");
  const float clip_norm = GENERATE(0.0f, 0.5f);
  auto locked = piped_settings("1f1b", 1);
  locked.policy = "locked";
  const auto with = [&](training_settings settings) {
    settings.optimizer.name = optimizer;
    if (optimizer == "sgd") settings.optimizer.momentum = 0.9f;
    settings.learning_rate = optimizer == "sgd" ? 0.05f : 0.01f;
    settings.clip_norm = clip_norm;
    settings.evaluate_every = 10;
    return piped_training(settings);
  };
  locked.pipeline = {};
  locked.micro_batches.reset();
  const auto expected = with(locked);
  // 5: not all of them have as many samples. 1 to 3: fewer than groups.
  for (const std::int64_t micro_batches : {1, 2, 3, 4, 5, 12}) {
    std::optional<std::vector<float>> first;
    for (const auto& schedule : pipeline_schedules) {
      CAPTURE(optimizer, clip_norm, micro_batches, schedule);
      const auto out = with(piped_settings(schedule, micro_batches));
      CHECK(distance_of_weights(out.weights, expected.weights) < 1e-5);
      if (!first) first = out.weights;
      CHECK(out.weights == *first); // sums are made in one order
      REQUIRE(out.evaluations.size() == expected.evaluations.size());
      for (std::size_t i = 0; i < out.evaluations.size(); ++i) {
        CHECK(out.evaluations[i].step == expected.evaluations[i].step);
        CHECK(out.evaluations[i].train_loss == Approx(expected.evaluations[i].train_loss).epsilon(1e-4));
        CHECK(out.evaluations[i].metrics["error"] == expected.evaluations[i].metrics["error"]);
      }
      CHECK(out.summary.groups[1].samples == expected.summary.groups[1].samples);
      CHECK(out.summary.groups[1].multiply_adds == Approx(expected.summary.groups[1].multiply_adds));
      if (clip_norm > 0) CHECK(out.summary.groups[0].clipped == expected.summary.groups[0].clipped);
    }
  }
}

TEST_CASE("a pipeline trains the same in a deterministic run, with forward passes made again, and in few groups") {
  for (const auto& schedule : pipeline_schedules) {
    CAPTURE(schedule);
    auto settings = piped_settings(schedule, 4);
    const auto expected = piped_training(settings);
    settings.deterministic = true;
    settings.credits = 1;
    CHECK(piped_training(settings).weights == expected.weights);
    settings.recompute = true;
    const auto again = piped_training(settings);
    CHECK(again.weights == expected.weights);
    CHECK(again.summary.groups[0].multiply_adds > 1.2 * expected.summary.groups[0].multiply_adds);
    settings.split = {1, 3};
    CHECK(piped_training(settings).weights == expected.weights);
  }
}

TEST_CASE("batch normalisation takes its statistics of micro-batches") {
  auto net = [] {
    auto out = cuttable_network();
    out.units[1].push_back(std::make_unique<batch_norm>(7, batch_norm::options{.relu = true}));
    return out;
  };
  const auto run = [&](const training_settings& settings) {
    cpu_device cpu;
    const auto out = run_threaded(settings, net(), toy(), cpu);
    REQUIRE(out.summary.failure == "");
    return out.weights;
  };
  const auto whole = run(piped_settings("1f1b", 1)), cut = run(piped_settings("1f1b", 3));
  CHECK(distance_of_weights(cut, whole) > 1e-3);
  for (const auto& schedule : pipeline_schedules) CHECK(run(piped_settings(schedule, 3)) == cut);
}

TEST_CASE("what a run is told to hold is what its schedule has in flight") {
  const auto in_flight = [](const std::string& schedule, bool most) {
    std::vector<std::int64_t> out;
    const auto told = memory_of_run(piped_settings(schedule, 6), cuttable_network());
    for (const auto& each : told->groups) out.push_back(most ? each.most_in_flight : each.in_flight);
    return out;
  };
  using counts = std::vector<std::int64_t>;
  CHECK(in_flight("gpipe", true) == counts{6, 6, 6, 6});
  CHECK(in_flight("gpipe", false) == counts{6, 6, 6, 6});
  CHECK(in_flight("1f1b", true) == counts{4, 3, 2, 1});
  CHECK(in_flight("1f1b", false) == counts{4, 3, 2, 1});
  CHECK(in_flight("zero-bubble", true) == counts{4, 4, 4, 4});
  CHECK(in_flight("zero-bubble:h2", true) == counts{6, 6, 6, 6});
  for (const auto& schedule : pipeline_schedules) {
    CAPTURE(schedule);
    const auto told = in_flight(schedule, true);
    const auto out = piped_training(piped_settings(schedule, 6, 20));
    for (std::size_t i = 0; i < told.size(); ++i) CHECK(out.summary.groups[i].most_in_flight <= told[i]);
  }
}

TEST_CASE("a pipeline trains the same on late devices, recorded, and over members, under any order of messages") {
  cpu_device cpu;
  for (const auto& schedule_name : pipeline_schedules) {
    CAPTURE(schedule_name);
    auto settings = piped_settings(schedule_name, 3, 20);
    settings.batch_size = 8; // 3, 3 and 2 samples
    settings.evaluate_every = 7;
    const auto expected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
    REQUIRE(expected.summary.steps == 20);
    const auto require_same = [&](const run_result& out) {
      REQUIRE(out.stuck == "");
      REQUIRE(out.summary.failure == "");
      REQUIRE(out.weights == expected.weights);
      REQUIRE(out.summary.test["error"] == expected.summary.test["error"]);
    };
    for (std::uint64_t seed = 1; seed < 12; ++seed) {
      CAPTURE(seed);
      settings.recompute = seed % 3 == 0;
      settings.deterministic = seed % 2 == 0;
      late_device late(seed), peer(seed + 100);
      require_same(run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {seed, {}, &late}));
      schedule order;
      order.seed = seed;
      order.member_of = {static_cast<int>(seed % 3), 1, 2, static_cast<int>(seed % 2)};
      require_same(run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order));
      late.pair_with(peer);
      device_places places{&late, {&late, &peer, &late, &peer}};
      schedule apart;
      apart.seed = seed;
      apart.late = &late;
      apart.late_peer = &peer;
      require_same(run_scheduled(settings, "mlp:5-4x3-3", toy(), places, apart));
    }
    if (settings.pipeline.splits_backward()) continue;
    settings.recompute = false;
    settings.cuda_graphs = true;
    settings.steps = 120;
    settings.schedule = "";
    const auto longer = run_scheduled(
      [&] {
        auto plain = settings;
        plain.cuda_graphs = false;
        return plain;
      }(),
      "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
    late_device late(5);
    const auto recorded = run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {5, {}, &late});
    REQUIRE(recorded.stuck == "");
    REQUIRE(recorded.weights == longer.weights);
    REQUIRE(recorded.recordings.replays > recorded.recordings.recordings);
  }
}

TEST_CASE("a run that is stopped ends with whole batches, whenever it is") {
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    random_source random(seed, 31);
    const auto& schedule = pipeline_schedules[random.below(static_cast<std::uint32_t>(pipeline_schedules.size()))];
    auto settings = piped_settings(schedule, 1 + random.below(5), 30);
    settings.batch_size = 10;
    const auto at = random.below(1500);
    CAPTURE(seed, schedule, at);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {seed, at, nullptr});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    for (const auto& group : out.summary.groups) REQUIRE(group.updates == out.summary.steps);
  }
}

TEST_CASE("a number that is not finite is told with its batch and its micro-batch, and the batch is skipped once") {
  auto broken = toy();
  auto settings = piped_settings("zero-bubble", 4, 6);
  settings.skip_nonfinite = true;
  for (auto& each : broken.train.floats) each = 1e30f;
  cpu_device cpu;
  const auto run = [&](bool skip) {
    settings.skip_nonfinite = skip;
    return run_threaded(settings, cuttable_network(), broken, cpu);
  };
  const auto stopped = run(false);
  CHECK(stopped.summary.end == run_end::failed);
  CHECK(stopped.summary.failure.find("batch 0, micro-batch ") != std::string::npos);
  const auto skipped = run(true);
  CHECK(skipped.summary.nonfinite_skipped == 6); // batches
}

TEST_CASE("schedules of a pipeline are written as they are read, and others are refused with those there are") {
  for (const auto& each : pipeline_schedules) CHECK(pipeline_schedule::parse(each)->text() == each);
  for (const auto* each :
       {"", "gpip", "interleaved", "interleaved:1", "interleaved:-2", "interleaved:x", "zero-bubble:h3"})
    CHECK_FALSE(pipeline_schedule::parse(each));
  CHECK(
    pipeline_schedule::parse("zb").message() ==
    "expected gpipe, 1f1b, interleaved:V with V groups a worker, at least 2, zero-bubble or zero-bubble:h2, got 'zb'");
}

TEST_CASE("what does not go with a pipeline is refused, with what to do") {
  CHECK(pipeline_refusal([](auto&) {}) == "");
  CHECK(pipeline_refusal([](auto& s) { s.micro_batches = 13; }) ==
        "micro-batches: expected at most 12, the samples of a --batch, got 13");
  CHECK(pipeline_refusal([](auto& s) { s.pipeline = pipeline_schedule::parse("interleaved:3").value(); }) ==
        "pipeline-schedule: interleaved:3 expects a number of groups that 3 divides, got 4; use --groups 6, or 1f1b");
  CHECK(pipeline_refusal([](auto& s) {
          s.pipeline = pipeline_schedule::parse("zero-bubble").value();
          s.cuda_graphs = true;
        }) == "pipeline-schedule: zero-bubble expects --cuda-graphs off: what is recorded leaves nothing to later; use "
              "1f1b with them");
  CHECK(pipeline_refusal([](auto& s) { s.warmup_batches = 1; }) ==
        "sg-warmup: expected 0 with --policy pipeline, which has no predictors; leave it out");
  CHECK(pipeline_refusal([](auto& s) {
          s.deterministic = true;
          s.lag = 2;
        }) == "lag: expected a policy with it whose gradients come late, got pipeline, which trains the same whenever "
              "they come; leave it out");
  CHECK(
    pipeline_refusal([](auto& s) { s.policy = "delayed"; }) ==
    "micro-batches: expected --policy pipeline with it, which cuts batches into micro-batches, got delayed; leave it "
    "out");
  CHECK(pipeline_refusal([](auto& s) {
          s.policy = "locked";
          s.micro_batches.reset();
          s.pipeline = pipeline_schedule::parse("gpipe").value();
        }) ==
        "pipeline-schedule: expected --policy pipeline with it, which cuts batches into micro-batches, got locked; "
        "leave it out");
  auto settings = piped_settings("1f1b", 12, 10);
  CHECK(check_run(settings, std::move(*make_network("mlp:5-4x3-3")), nullptr).message() ==
        "micro-batches: expected at least 2 samples in each, because layer 1 (batch norm 4 + relu) takes statistics of "
        "them, got 1 of a --batch of 12 in 12; use --micro-batches 6 or fewer, or a larger --batch");
  settings.split = {1, 1};
  settings.continuing_windows = true;
  CHECK(check_run(settings, std::move(*make_network("lstm:1x8,chunk=4,vocab=10")), nullptr)
          .message()
          .starts_with("micro-batches: expected 1 with --policy pipeline, because layer "));
}

TEST_CASE("without a number of micro-batches there are twice as many as groups, at most one a sample") {
  auto settings = piped_settings("1f1b", 1);
  settings.micro_batches.reset();
  CHECK(micro_batches_of(settings) == 8);
  settings.batch_size = 5;
  CHECK(micro_batches_of(settings) == 5);
  CHECK(parts_of_batches(settings) == 5);
  settings.policy = "delayed";
  CHECK(parts_of_batches(settings) == 1);
}

} // namespace syngrad::test

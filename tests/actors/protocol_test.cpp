// The protocol under thousands of random schedules: every run ends, whatever the order of messages, with every batch
// applied once and nothing left behind.
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include "runtime/cpu/cpu_device.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

training_settings small_settings(const std::string& policy) {
  return four_groups(policy, 9);
}

// Draws everything that changes the protocol's course.
training_settings random_settings(const std::string& policy, random_source& random) {
  auto settings = small_settings(policy);
  static const std::vector<std::vector<int>> splits{{4}, {2, 2}, {1, 1, 2}, {1, 1, 1, 1}, {3, 1}};
  settings.split = splits[random.below(5)];
  settings.steps = 1 + random.below(12);
  settings.credits = 1 + static_cast<int>(random.below(3));
  settings.warmup_batches = random.below(3) == 0 ? random.below(5) : 0;
  settings.evaluate_every = random.below(2) ? 1 + random.below(4) : 0;
  settings.deterministic = random.below(2) == 0;
  if (settings.deterministic && random.below(2)) settings.lag = 1 + static_cast<int>(random.below(6));
  settings.audit_every = random.below(3) == 0 ? 1 + random.below(3) : 0;
  settings.validation_fraction = random.below(4) == 0 ? 0.25 : 0;
  static const char* const kinds[] = {"ridge", "linear", "lowrank:2", "mlp:3", "exit", "head"};
  static const char* const heads[] = {"head", "head:mlp:3", "head:early-exit"};
  settings.synthetic.kind = policy == "local" ? heads[random.below(3)] : kinds[random.below(6)];
  settings.synthetic.labels = needs_of_synthetic_gradient_kind(settings.synthetic.kind).labels || random.below(2) == 0;
  settings.synthetic.rows = random.below(3) == 0 ? 2 : 0;
  if (policy == "pipeline") {
    static const char* const schedules[] = {"gpipe", "1f1b", "zero-bubble", "zero-bubble:h2", "interleaved:2"};
    settings.pipeline = pipeline_schedule::parse(schedules[random.below(settings.split.size() % 2 ? 4 : 5)]).value();
    settings.batch_size = 8;
    settings.micro_batches = 1 + random.below(4);
    settings.warmup_batches = 0;
    settings.lag.reset();
  }
  if (policy == "corrected" && random.below(2)) {
    settings.corrected = {1 + random.below(4), random.below(2) == 0};
    settings.audit_every = 0;
  }
  if (policy == "corrected" && random.below(3) == 0) {
    settings.correct.every = 1 + random.below(4);
    if (random.below(2)) settings.correct.probability = 0.5;
    settings.audit_every = 0;
  }
  if (policy == "corrected" && random.below(2)) settings.residual_weight.fixed.reset();
  if (policy == "gated") settings.gate = {0.1 * random.below(5), 0, 9, 100};
  if (policy != "synthetic") return settings;
  if (random.below(2)) settings.target_mix = 0.25f * static_cast<float>(1 + random.below(4));
  settings.gradients.every = 1 + random.below(4);
  if (!settings.deterministic && random.below(2)) settings.gradients = {1, {}, 0.1 * (1 + random.below(9))};
  return settings;
}

} // namespace

TEST_CASE("every policy ends under a thousand random schedules and applies every batch") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local", "pipeline", "gated");
  CAPTURE(policy);
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    random_source random(seed, 17);
    const auto settings = random_settings(policy, random);
    CAPTURE(seed, settings.split.size(), settings.steps, settings.credits, settings.deterministic,
            settings.warmup_batches, settings.synthetic.kind);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {seed, {}, nullptr});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.summary.end == run_end::finished);
    REQUIRE(out.summary.steps == settings.steps);
    REQUIRE(out.summary.groups.size() == settings.split.size());
    for (const auto& group : out.summary.groups) {
      const auto leftover = group.updates - settings.steps;
      REQUIRE(leftover >= 0);
      REQUIRE(leftover <= (policy == "corrected" || policy == "gated" ? 1 : 0));
    }
    REQUIRE(out.summary.groups.back().updates == settings.steps);
  }
  REQUIRE(cpu.memory().counters().in_use == 0);
}

TEST_CASE("an interrupt at any moment ends the run in order with all groups at the same batch") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local", "pipeline", "gated");
  CAPTURE(policy);
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    random_source random(seed, 23);
    auto settings = random_settings(policy, random);
    settings.steps = 50;
    const auto at = random.below(600);
    CAPTURE(seed, at);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {seed, at, nullptr});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE((out.summary.end == run_end::interrupted || out.summary.steps == 50));
    for (const auto& group : out.summary.groups) {
      REQUIRE(group.updates >= out.summary.steps);
      REQUIRE(group.updates <= out.summary.steps + 1);
    }
    REQUIRE(std::isfinite(out.summary.test["error"]));
  }
}

TEST_CASE("a deterministic run gives the same weights under every schedule") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local", "gated");
  const std::string kind = GENERATE("ridge", "linear", "exit", "head");
  if ((kind == "head") != (policy == "local")) return;
  CAPTURE(policy, kind);
  cpu_device cpu;
  auto settings = small_settings(policy);
  settings.deterministic = true;
  settings.steps = 24;
  settings.synthetic.kind = kind;
  settings.warmup_batches = 3;
  const auto first = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  REQUIRE(first.summary.steps == 24);
  for (std::uint64_t seed = 2; seed < 60; ++seed) {
    CAPTURE(seed);
    const auto again = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {seed, {}, nullptr});
    REQUIRE(again.weights == first.weights);
  }
}

TEST_CASE("schedules do change the weights of a free-running run") {
  cpu_device cpu;
  auto settings = small_settings("synthetic");
  settings.steps = 24;
  settings.synthetic.kind = "linear";
  const auto first = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  int different = 0;
  for (std::uint64_t seed = 2; seed < 12; ++seed)
    different += run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {seed, {}, nullptr}).weights != first.weights;
  REQUIRE(different > 0);
}

TEST_CASE("locked training has no staleness, delayed training has the lag it was given") {
  cpu_device cpu;
  auto settings = small_settings("locked");
  settings.steps = 40;
  for (const auto& group : run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr}).summary.groups)
    REQUIRE(group.staleness == 0);
  settings.policy = "delayed";
  settings.deterministic = true;
  const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  const double expected[] = {6, 4, 2, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    // The first batches meet fewer updates: 0, 1, ... lag, lag, ...
    const double lag = expected[i], ramp = lag * (lag + 1) / 2;
    REQUIRE(out.summary.groups[i].staleness == Approx((ramp + lag * (40 - lag - 1)) / 40).epsilon(1e-9));
  }
}

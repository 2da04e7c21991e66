// Runs whose policies go by what is measured of predictions, or mix their targets: deterministic whatever the schedule,
// the device and the processes, and in the summary is what was decided.
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

// Bounds that toy runs go beyond in both directions.
constexpr const char* easy_bounds = "predict:0.3,wait:0.05,bias:2,norms:3";

training_settings judged(const std::string& what) {
  auto settings = four_groups("corrected", 120);
  settings.deterministic = true;
  settings.learning_rate = 0.01f;
  settings.audit_every = 7;
  settings.evaluate_every = 31;
  if (what == "auto") settings.residual_weight.fixed.reset();
  if (what == "gated") settings.policy = "gated", settings.gate = *gate_settings::parse(easy_bounds);
  if (what == "mixed") settings.policy = "synthetic", settings.target_mix = 0.5f;
  return settings;
}

std::int64_t turns_of(const training_summary& summary) {
  std::int64_t turns = 0;
  for (const auto& group : summary.groups) turns += group.gate.turns;
  return turns;
}

} // namespace

TEST_CASE("what policies make of measures is the same under every schedule, on any members, and on a late device") {
  const std::string what = GENERATE("auto", "gated", "mixed");
  const std::string kind = GENERATE("ridge", "linear");
  const bool recompute = GENERATE(false, true);
  CAPTURE(what, kind, recompute);
  auto settings = judged(what);
  settings.synthetic.kind = kind;
  settings.warmup_batches = kind == "linear" ? 9 : 0;
  cpu_device cpu;
  const auto expected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {});
  REQUIRE(expected.stuck == "");
  REQUIRE(expected.summary.steps == 120);
  if (what == "gated" && kind == "ridge") REQUIRE(turns_of(expected.summary) > 0);
  settings.recompute = recompute;
  for (std::uint64_t seed = 1; seed < 9; ++seed) {
    CAPTURE(seed);
    schedule order;
    order.seed = seed;
    if (seed % 2) order.member_of = {0, 1, 1, 2};
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(out.stuck == "");
    REQUIRE(out.weights == expected.weights);
    REQUIRE(turns_of(out.summary) == turns_of(expected.summary));
    late_device late(seed);
    const auto later = run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {seed, {}, &late});
    REQUIRE(later.stuck == "");
    REQUIRE(later.summary.failure == "");
    REQUIRE(later.weights == expected.weights);
  }
}

TEST_CASE("free-running policies that go by measures end with every batch applied") {
  const std::string what = GENERATE("auto", "gated", "mixed");
  CAPTURE(what);
  auto settings = judged(what);
  settings.deterministic = false;
  cpu_device cpu;
  for (std::uint64_t seed = 1; seed < 12; ++seed) {
    CAPTURE(seed);
    late_device late(seed);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {seed, {}, &late});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    for (const auto& group : out.summary.groups) {
      REQUIRE(group.updates >= 120);
      REQUIRE(group.updates <= 121);
    }
  }
}

TEST_CASE("a summary tells how many batches a gate let through in each state, and what corrections weighed") {
  cpu_device cpu;
  const auto gated = run_scheduled(judged("gated"), "mlp:5-4x3-3", toy(), cpu, {}).summary;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& gate = gated.groups[i].gate;
    REQUIRE(gate.predicting + gate.correcting + gate.waiting == 120);
    REQUIRE(gate.waiting > 0); // it begins so
    REQUIRE(std::isnan(gated.groups[i].residual_weight) == (gate.correcting == 0));
  }
  REQUIRE_FALSE(gated.groups[3].gate.any()); // the top group has no interface above it
  const auto weighs = run_scheduled(judged("auto"), "mlp:5-4x3-3", toy(), cpu, {}).summary;
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(weighs.groups[i].residual_weight > 0);
    REQUIRE(weighs.groups[i].residual_weight <= 1);
  }
  REQUIRE(std::isnan(weighs.groups[3].residual_weight));
}

TEST_CASE("bounds that nothing reaches make a gated run one of its states, bit for bit") {
  cpu_device cpu;
  const auto weights_of = [&](const training_settings& settings) {
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {});
    REQUIRE(out.stuck == "");
    return out.weights;
  };
  auto waits = judged("gated");
  waits.gate = *gate_settings::parse("predict:1,wait:1");
  auto delayed = waits;
  delayed.policy = "delayed";
  delayed.gate = {};
  REQUIRE(weights_of(waits) == weights_of(delayed));
}

TEST_CASE("targets mixed with nothing of the gradient are bootstrapped ones, and with all of it true ones") {
  cpu_device cpu;
  auto settings = judged("mixed");
  settings.lag = 6; // the same for all
  settings.audit_every = 0;
  settings.optimizer.name = "sgd"; // corrections of zero are no update
  settings.learning_rate = 0.1f;
  const auto weights_of = [&](float part) {
    settings.target_mix = part;
    return run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {}).weights;
  };
  const auto bootstrapped = weights_of(0), half = weights_of(0.5f), truth = weights_of(1);
  REQUIRE(half != bootstrapped);
  REQUIRE(half != truth);
  // Corrections that weigh nothing are predictions that learn from true gradients.
  settings.policy = "corrected";
  settings.target_mix = 0;
  settings.residual_weight.fixed = 0.0f;
  const auto corrected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {}).weights;
  REQUIRE(truth.size() == corrected.size());
  double furthest = 0;
  for (std::size_t i = 0; i < truth.size(); ++i)
    furthest = std::max<double>(furthest, std::abs(truth[i] - corrected[i]));
  REQUIRE(furthest < 1e-4);
}

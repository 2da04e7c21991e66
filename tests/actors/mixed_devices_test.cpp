// Groups on different devices in one run: the CPU and devices that work late, whose memory the host cannot read. The
// same weights as on the CPU alone, so every tensor that crosses arrives whole, in order, and is not overwritten early.
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/memory_pool.hpp"

#include <cmath>

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr std::size_t roomy = std::size_t{1} << 22; // bytes of a late device

training_settings reproducible(const std::string& policy, std::int64_t steps) {
  auto settings = four_groups(policy, steps);
  settings.deterministic = true;
  return settings;
}

// The CPU and two late devices, which are peers.
struct three_devices {
  explicit three_devices(std::uint64_t seed, std::size_t bytes = roomy) : late(seed, bytes), peer(seed + 1000, bytes) {
    late.pair_with(peer);
  }

  // A letter for the device of each, the source first: c for the CPU, l and p for the late ones.
  device_places places(const std::string& letters) {
    device_places out;
    for (const char each : letters)
      out.groups.push_back(each == 'c' ? &cpu : each == 'l' ? &late : static_cast<device*>(&peer));
    out.source = out.groups.front();
    out.groups.erase(out.groups.begin());
    return out;
  }
  schedule order(std::uint64_t seed) { return {seed, {}, &late, &peer}; }

  cpu_device cpu;
  late_device late, peer;
};

run_result on_cpu(const training_settings& settings) {
  cpu_device cpu;
  return run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
}

// Of means, to which batches are added in the order in which they settle.
bool same(double one, double other) {
  return one == Approx(other).epsilon(1e-9) || (std::isnan(one) && std::isnan(other));
}

} // namespace

TEST_CASE("every policy gives the same weights with its groups on three devices as on the CPU alone") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  const std::string letters = GENERATE("lllll", "ccccl", "lcccc", "clclc", "lplpl", "cllpp", "pcplc", "lclcp");
  CAPTURE(policy, letters);
  auto settings = reproducible(policy, 20);
  settings.evaluate_every = 7;
  settings.corrected = *sample_choice::parse(GENERATE("all", "2:loss"));
  if (settings.corrected.is_all()) settings.audit_every = 3;
  settings.synthetic.kind = GENERATE("ridge", "mlp:3", "exit", "head", "head:mlp:3", "head:early-exit");
  if (settings.synthetic.kind.starts_with("head") != (policy == "local")) return;
  if (!settings.corrected.is_all() && policy != "corrected") return;
  const auto expected = on_cpu(settings);
  REQUIRE(expected.summary.steps == 20);
  for (std::uint64_t seed = 1; seed < 4; ++seed) {
    CAPTURE(seed);
    three_devices where(seed);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), where.places(letters), where.order(seed));
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.weights == expected.weights);
    REQUIRE(out.summary.final_loss == expected.summary.final_loss);
    REQUIRE(out.summary.test["error"] == expected.summary.test["error"]);
    for (std::size_t i = 0; i < 4; ++i) {
      REQUIRE(same(out.summary.groups[i].cosine, expected.summary.groups[i].cosine));
      // An audit's gradients go down beside bootstrapped ones at the pace of the day, through weights that move.
      if (policy == "synthetic" || policy == "local") continue;
      REQUIRE(same(out.summary.groups[i].audit_cosine, expected.summary.groups[i].audit_cosine));
      REQUIRE(same(out.summary.groups[i].audit_bias, expected.summary.groups[i].audit_bias));
    }
    REQUIRE(where.cpu.memory().counters().in_use == 0);
    REQUIRE(where.late.memory().counters().in_use == 0);
    REQUIRE(where.late.host_visible_memory().counters().in_use == 0);
    REQUIRE(where.peer.memory().counters().in_use == 0);
  }
}

TEST_CASE("no memory is allocated on any device once a run across devices is warm") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  auto settings = reproducible(policy, 400);
  settings.corrected = *sample_choice::parse(GENERATE("all", "2:loss"));
  if (!settings.corrected.is_all() && policy != "corrected") return;
  CAPTURE(policy, settings.corrected.text());
  for (std::uint64_t seed = 1; seed < 4; ++seed) {
    CAPTURE(seed);
    three_devices where(seed);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), where.places("lclpc"), where.order(seed));
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.summary.steps == 400);
    REQUIRE(where.late.host_visible_memory().counters().allocations > 0);
    REQUIRE(out.summary.allocations_while_warm == 0);
  }
}

TEST_CASE("free-running groups across devices end under any schedule with every batch applied") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  auto settings = reproducible(policy, 12);
  settings.deterministic = false;
  settings.audit_every = 2;
  settings.evaluate_every = 5;
  static const char* const placements[] = {"clclc", "lplpl", "lcccc", "ccppl", "cccll"};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    three_devices where(seed);
    settings.credits = 1 + static_cast<int>(seed % 3);
    const auto out =
      run_scheduled(settings, "mlp:5-4x3-3", toy(), where.places(placements[seed % 5]), where.order(seed));
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.summary.steps == 12);
    for (const auto& group : out.summary.groups) {
      REQUIRE(group.updates >= 12);
      REQUIRE(group.updates <= 13);
    }
  }
}

TEST_CASE("data that a device has no memory for stays with the host, and trains to the same weights") {
  const auto expected = on_cpu(reproducible("locked", 40));
  cpu_device cpu;
  const auto samples = toy().train.floats.size() * sizeof(float);
  late_device late(1, samples); // so they and their labels do not fit
  const auto out =
    run_scheduled(reproducible("locked", 40), "mlp:5-4x3-3", toy(), {&late, {&cpu, &cpu, &cpu, &cpu}}, {1, {}, &late});
  REQUIRE(out.stuck == "");
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.weights == expected.weights);
}

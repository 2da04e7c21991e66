// Runs whose passes are recorded and replayed, on a device that works late: the same weights, bit for bit, as without.
#include "tests/actors/scheduled_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"
#include "tests/support/toy_data.hpp"

#include "runtime/cpu/cpu_device.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

training_settings recorded_settings(const std::string& policy, const std::string& kind) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 2};
  settings.batch_size = 4;
  settings.steps = 120;
  settings.evaluate_every = 50;
  settings.deterministic = true;
  settings.audit_every = 3;
  settings.synthetic.kind = kind;
  settings.schedule = "0.5:0.1"; // the rate is no part of a recording
  return settings;
}

} // namespace

TEST_CASE("every policy gives the same weights with recordings as without, on a late device") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  const std::string kind = GENERATE("ridge", "linear", "mlp:3", "exit", "head", "head:mlp:3", "head:early-exit");
  if (kind.starts_with("head") != (policy == "local")) return;
  const std::string corrected = GENERATE("all", "2:loss");
  if (corrected != "all" && policy != "corrected") return;
  CAPTURE(policy, kind, corrected);
  auto settings = recorded_settings(policy, kind);
  settings.corrected = *sample_choice::parse(corrected);
  if (!settings.corrected.is_all()) settings.audit_every = 0;
  if (kind == "mlp:3") settings.clip_norm = 0.01f; // below most norms
  cpu_device cpu;
  const auto expected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  REQUIRE(expected.recordings.replays == 0);
  for (const auto& group : expected.summary.groups) REQUIRE((group.clipped > 0) == (settings.clip_norm > 0));
  settings.cuda_graphs = true;
  for (std::uint64_t seed = 1; seed < 5; ++seed) {
    CAPTURE(seed);
    late_device late(seed);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {seed, {}, &late});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.weights == expected.weights);
    REQUIRE(out.summary.test["error"] == expected.summary.test["error"]);
    REQUIRE(out.recordings.recordings > 0);
    REQUIRE(out.recordings.replays > 2 * out.recordings.recordings);
  }
}

// How late work is decides how many slots are in use at once, so a longer run may need one more now and then.
TEST_CASE("a run that is warm hardly records any more, and allocates nothing") {
  const auto run = [&](std::int64_t steps, std::uint64_t seed) {
    auto settings = recorded_settings("locked", "ridge");
    settings.cuda_graphs = true;
    settings.steps = steps;
    settings.evaluate_every = 0;
    settings.schedule = "";
    late_device late(seed);
    const auto done = run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {1, {}, &late});
    return std::pair(done.recordings, done.summary.allocations_while_warm);
  };
  for (std::uint64_t seed = 1; seed < 9; ++seed) {
    CAPTURE(seed);
    const auto [shorter, few] = run(400, seed);
    const auto [longer, many] = run(800, seed);
    REQUIRE(longer.recordings <= shorter.recordings + 3);
    REQUIRE(longer.slots <= shorter.slots + 3);
    REQUIRE(longer.plain_runs <= shorter.plain_runs + 6);
    REQUIRE(longer.replays >= shorter.replays + 400 * 6 - 12); // forward, backward and update of three groups
    REQUIRE(few == 0);
    REQUIRE(many == 0);
  }
}

// Runs whose passes are recorded and replayed, on a device that works late: the same weights, bit for bit, as without.
#include "tests/actors/scheduled_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"
#include "tests/support/toy_data.hpp"

#include "runtime/cpu/cpu_device.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

training_settings settings_of(const std::string& policy, const std::string& kind) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 2};
  settings.batch_size = 4;
  settings.steps = 1000;
  settings.evaluate_every = 300;
  settings.deterministic = true;
  settings.audit_every = 3;
  settings.synthetic.kind = kind;
  settings.decay = "0.5:0.1"; // the rate is no part of a recording
  return settings;
}

} // namespace

TEST_CASE("every policy gives the same weights with recordings as without, on a late device") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  const std::string kind = GENERATE("ridge", "linear", "mlp:3");
  CAPTURE(policy, kind);
  const auto data = make_toy_data(5, 3, 64, 20, 1);
  auto settings = settings_of(policy, kind);
  cpu_device cpu;
  const auto expected = run_scheduled(settings, "mlp:5-4x3-3", data, cpu, {1, {}, nullptr});
  REQUIRE(expected.recordings.replays == 0);
  settings.cuda_graphs = true;
  for (std::uint64_t seed = 1; seed < 3; ++seed) {
    CAPTURE(seed);
    late_device late(seed);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", data, late, {seed, {}, &late});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.weights == expected.weights);
    REQUIRE(out.summary.test_error_percent == expected.summary.test_error_percent);
    WARN(policy << " " << kind << " rec " << out.recordings.recordings << " rep " << out.recordings.replays << " plain "
                << out.recordings.plain_runs << " slots " << out.recordings.slots);
  }
}

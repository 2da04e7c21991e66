// Runs whose groups make their forward passes again (--recompute) train the same weights, bit for bit, whatever came
// in between.
#include "actors/run_check.hpp"
#include "actors/update_policy.hpp"
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/copy_task.hpp"
#include "runtime/data/text_source.hpp"

#include <algorithm>

namespace syngrad::test {
namespace {

// Backward passes read the weights of their forward pass.
class stashing_with_recompute : public update_policy {
public:
  policy_capabilities capabilities() const override { return {.stashes_weights = true}; }
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }
  void on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) override {
    apply_received(group, record, kind, values);
  }
};

void make_stashing_known() {
  const auto known = known_policies();
  if (std::find(known.begin(), known.end(), "stashing-with-recompute") != known.end()) return;
  REQUIRE(register_policy({"stashing-with-recompute", [](const training_settings&) -> std::unique_ptr<update_policy> {
                             return std::make_unique<stashing_with_recompute>();
                           }}));
}

training_settings of_policy(const std::string& policy) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 1, 1};
  settings.batch_size = 8;
  settings.steps = 60;
  settings.evaluate_every = 13;
  settings.learning_rate = 0.01f;
  settings.deterministic = true;
  settings.audit_every = 7;
  settings.threads = 2;
  return settings;
}

std::vector<float> weights_of(training_settings settings, bool recompute) {
  settings.recompute = recompute;
  configure_compute_thread();
  cpu_device cpu;
  const auto out = run_threaded(settings, drawing_network(), toy(), cpu);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.summary.steps == settings.steps);
  return out.weights;
}

} // namespace

TEST_CASE("with --recompute every policy trains the same weights, bit for bit") {
  make_stashing_known();
  const std::string policy =
    GENERATE("locked", "synthetic", "corrected", "delayed", "local", "gated", "stashing-with-recompute");
  const std::int64_t warmup = GENERATE(0, 9);
  CAPTURE(policy, warmup);
  auto settings = of_policy(policy);
  settings.warmup_batches = warmup;
  CHECK(weights_of(settings, true) == weights_of(settings, false));
  settings.clip_norm = 0.3f;
  settings.gradients = gradient_demand{};
  CHECK(weights_of(settings, true) == weights_of(settings, false));
  if (policy != "corrected") return;
  settings.audit_every = 0;
  settings.corrected = {3, true};
  CHECK(weights_of(settings, true) == weights_of(settings, false));
}

TEST_CASE("with --recompute the weights of a delayed policy are those of more groups in flight, too") {
  auto settings = of_policy("delayed");
  settings.lag = GENERATE(0, 5, 17);
  settings.credits = 12;
  CHECK(weights_of(settings, true) == weights_of(settings, false));
}

TEST_CASE("recurrent networks that carry their state, and predict what comes later, train the same with --recompute") {
  const std::string policy = GENERATE("locked", "delayed", "corrected");
  const std::string unroll = GENERATE("truncated", "dni");
  CAPTURE(policy, unroll);
  auto data = std::move(*make_copy_task("3", 1));
  REQUIRE(cut_windows(data, 4));
  data.test.text = data.test.text.part(0, 24 * 8);
  data.test.labels.resize(24 * 8);
  data.test.count = (24 * 8 - 1) / 4;
  auto settings = of_policy(policy);
  settings.split = {1, 1, 1};
  settings.continuing_windows = true;
  settings.audit_every = 0;
  settings.unroll = unroll_settings::parse(unroll).value();
  configure_compute_thread();
  cpu_device cpu;
  const std::string model = "lstm:2x8,chunk=4,vocab=10";
  const auto without = run_threaded(settings, model, data, cpu);
  settings.recompute = true;
  const auto with = run_threaded(settings, model, data, cpu);
  REQUIRE(without.summary.failure == "");
  REQUIRE(with.summary.failure == "");
  CHECK(with.weights == without.weights);
}

TEST_CASE("forward passes are made again on a late device as on the CPU") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  CAPTURE(policy);
  auto settings = of_policy(policy);
  settings.split = {1, 1, 2};
  settings.batch_size = 4;
  settings.steps = 20;
  settings.evaluate_every = 7;
  settings.audit_every = 3;
  cpu_device cpu;
  const auto expected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  settings.recompute = true;
  for (std::uint64_t seed = 1; seed < 25; ++seed) {
    CAPTURE(seed);
    late_device late(seed);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {seed, {}, &late});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.weights == expected.weights);
  }
}

TEST_CASE("what is recorded keeps the memory of its batch, so --recompute is refused with it") {
  auto settings = of_policy("synthetic");
  settings.recompute = settings.cuda_graphs = true;
  const auto refused = check_settings(settings);
  REQUIRE_FALSE(refused);
  CHECK(refused.message() ==
        "recompute: expected --cuda-graphs off with it: what is recorded keeps the memory of its batch");
}

} // namespace syngrad::test

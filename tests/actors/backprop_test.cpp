// Locked training on actors is backpropagation, and deterministic runs are: the same bytes whatever the groups and
// threads.
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sequential_backprop.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/digits.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

const dataset& small_digits() {
  static const dataset data = make_digits(1, 4000, 500);
  return data;
}

training_settings digit_settings(const std::string& policy, std::int64_t steps) {
  training_settings settings;
  settings.policy = policy;
  settings.batch_size = 64;
  settings.steps = steps;
  settings.learning_rate = 1e-3f;
  return settings;
}

} // namespace

TEST_CASE("locked training in any number of groups equals sequential backpropagation bit for bit after 200 steps") {
  configure_compute_thread();
  cpu_device cpu;
  const auto expected = train_sequentially(cpu, small_digits(), {{784, 48, 32, 40, 10}, 64, 200, 1e-3f, 1});
  const std::vector<int> split = GENERATE(values<std::vector<int>>({{4}, {2, 2}, {1, 3}, {1, 2, 1}, {1, 1, 1, 1}}));
  CAPTURE(split);
  auto settings = digit_settings("locked", 200);
  settings.split = split;
  const auto out = run_threaded(settings, "mlp:784-48-32-40-10", small_digits(), cpu);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.weights.size() == expected.size());
  REQUIRE(out.weights == expected);
}

TEST_CASE("a deterministic run in six groups gives the same weights with one and with two threads, and again") {
  const std::string policy = GENERATE("synthetic", "corrected", "delayed");
  const std::string kind = GENERATE("ridge", "linear");
  CAPTURE(policy, kind);
  cpu_device cpu;
  auto settings = digit_settings(policy, 120);
  settings.split = {1, 1, 1, 1, 1, 1};
  settings.deterministic = true;
  settings.synthetic.kind = kind;
  settings.threads = 1;
  const auto first = run_threaded(settings, "mlp:784-32x5-10", small_digits(), cpu);
  REQUIRE(first.summary.steps == 120);
  for (const int threads : {1, 2, 2}) {
    settings.threads = threads;
    REQUIRE(run_threaded(settings, "mlp:784-32x5-10", small_digits(), cpu).weights == first.weights);
  }
}

TEST_CASE("no tensor memory is allocated once a deterministic run is warm") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  const std::string corrected = GENERATE("all", "5:loss");
  if (corrected != "all" && policy != "corrected") return;
  CAPTURE(policy, corrected);
  cpu_device cpu;
  auto settings = digit_settings(policy, 600);
  settings.corrected = *sample_choice::parse(corrected);
  settings.split = {1, 1, 1};
  settings.deterministic = true;
  const auto out = run_threaded(settings, "mlp:784-32x2-10", small_digits(), cpu);
  REQUIRE(out.summary.steps == 600);
  REQUIRE(out.summary.device_bytes > 0);
  REQUIRE(out.summary.allocations_while_warm == 0);
}

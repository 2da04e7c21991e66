// What is said of an interface whose predictions or activations have left all sizes that are of use.
#include "actors/interface_watch.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/digits.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <limits>

using namespace syngrad;
using namespace syngrad::test;
using fault_kind = interface_fault::kind;

namespace {

void compare(interface_watch& watch, double ratio, int times, std::int64_t step) {
  for (int i = 0; i < times; ++i) watch.compared(ratio * ratio, 1, step + i);
}

group_report report_of(const interface_fault& fault) {
  group_report out;
  out.group = 1;
  out.fault = fault;
  return out;
}

threaded_result run_of_digits(training_settings settings, const std::string& predictor) {
  static const dataset data = make_digits(1, 2000, 200);
  cpu_device cpu;
  settings.policy = "synthetic";
  settings.split = {1, 1, 1};
  settings.batch_size = 50;
  settings.steps = 120;
  settings.evaluate_every = 40;
  settings.deterministic = true;
  settings.threads = 2;
  settings.synthetic.kind = predictor;
  return run_threaded(settings, "mlp:784-32x2-10", data, cpu);
}

} // namespace

TEST_CASE("predictions that are too large or too small count when they are so many times in a row") {
  constexpr int enough = interface_watch::in_a_row;
  interface_watch large, small, mixed;
  compare(large, 101, enough - 1, 0);
  compare(large, 99, 1, 50); // between the bounds: counted from the start again
  compare(large, 101, enough - 1, 100);
  REQUIRE(large.fault().what == fault_kind::none);
  compare(large, 250, 1, 200);
  compare(large, 1e6, 5, 300); // the first is what is told
  REQUIRE(large.fault().what == fault_kind::large_predictions);
  REQUIRE(large.fault().step == 200);
  REQUIRE(large.fault().norm_ratio == Approx(250));
  compare(small, 0, 100, 1); // it predicts zero: not trained yet
  REQUIRE(small.fault().what == fault_kind::none);
  compare(small, 0.001, enough, 7);
  REQUIRE(small.fault().what == fault_kind::small_predictions);
  REQUIRE(small.fault().step == 7 + enough - 1);
  for (int i = 0; i < enough; ++i) compare(mixed, i % 2 ? 0.001 : 1000, 1, i);
  REQUIRE(mixed.fault().what == fault_kind::none);
}

TEST_CASE("what is not finite is too large, and a gradient of zero says nothing") {
  interface_watch infinite, zero;
  for (int i = 0; i < interface_watch::in_a_row; ++i) {
    infinite.compared(1, std::numeric_limits<double>::quiet_NaN(), i);
    zero.compared(1, 0, i);
  }
  REQUIRE(infinite.fault().what == fault_kind::large_predictions);
  REQUIRE(zero.fault().what == fault_kind::none);
}

TEST_CASE("an activation that is not finite counts at once") {
  interface_watch watch;
  watch.activation(1e30, 4);
  REQUIRE(watch.fault().what == fault_kind::none);
  watch.activation(std::numeric_limits<double>::infinity(), 8);
  compare(watch, 1000, interface_watch::in_a_row, 9);
  REQUIRE(watch.fault().what == fault_kind::activation);
  REQUIRE(watch.fault().step == 8);
}

TEST_CASE("a fault is told with the groups, the step, the ratio and what may help") {
  REQUIRE(describe_fault(report_of({})) == "");
  REQUIRE(describe_fault(report_of({fault_kind::small_predictions, 640, 0.0031})) ==
          "between groups 1 and 2, at step 640, predicted gradients are 0.0031 of the size of those received, so group "
          "1 hardly learns: a larger --sg-lr, another --sg or --policy delayed may help");
  REQUIRE(describe_fault(report_of({fault_kind::large_predictions, 64, 2514})) ==
          "between groups 1 and 2, at step 64, predicted gradients are 2.5e+03 times as large as those received: a "
          "smaller --lr or --sg-lr, --clip-norm, another --sg or --policy delayed may help");
  REQUIRE(
    describe_fault(report_of({fault_kind::activation, 12, 0})) ==
    "between groups 1 and 2, at step 12, the activation is NaN, infinite or too large: a smaller --lr, --schedule "
    "warmup:N or --clip-norm may help");
}

TEST_CASE("a run whose predictors hardly learn warns of each interface, once") {
  training_settings settings;
  settings.synthetic.optimizer.name = "sgd";
  settings.synthetic_learning_rate = 1e-9f;
  const auto out = run_of_digits(settings, "linear");
  REQUIRE(out.summary.end == run_end::finished);
  REQUIRE(out.evaluations.size() == 3);
  REQUIRE(out.notices.size() == 2);
  REQUIRE(out.summary.warnings.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    REQUIRE(out.notices[i] == "warning: " + out.summary.warnings[i]);
    REQUIRE(out.summary.warnings[i].find("between groups " + std::to_string(i) + " and") == 0);
    REQUIRE(out.summary.groups[i].norm_ratio < least_norm_ratio);
    REQUIRE(out.summary.groups[i].activation_rms > 0);
  }
  REQUIRE(std::isnan(out.summary.groups[2].activation_rms));
}

TEST_CASE("a run whose predictors overshoot warns of it where true gradients come down") {
  training_settings settings;
  settings.learning_rate = 1e-9f;
  settings.synthetic_learning_rate = 1e4f;
  const auto out = run_of_digits(settings, "linear");
  REQUIRE(out.summary.warnings.size() >= 1);
  const auto is_told = [](const std::string& line) {
    return line.find("between groups 1 and 2") == 0 &&
           line.find("times as large as those received") != std::string::npos;
  };
  REQUIRE(std::count_if(out.summary.warnings.begin(), out.summary.warnings.end(), is_told) == 1);
}

TEST_CASE("a run whose activations are not finite says at which interfaces") {
  cpu_device cpu;
  auto data = toy();
  for (auto& each : data.train.floats) each = std::numeric_limits<float>::quiet_NaN();
  const auto out = run_threaded(three_groups("synthetic", 40), "mlp:5-4x2-3", data, cpu);
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.summary.warnings.size() == 2);
  for (const auto& each : out.summary.warnings)
    REQUIRE(each.find("at step 0, the activation is NaN, infinite") != std::string::npos);
}

TEST_CASE("a run that learns as it should warns of nothing") {
  for (const auto* predictor : {"ridge", "linear", "exit"}) {
    INFO(predictor);
    const auto out = run_of_digits({}, predictor);
    CHECK(out.summary.warnings.empty());
    CHECK(out.summary.groups[0].activation_rms > 0.1);
  }
}

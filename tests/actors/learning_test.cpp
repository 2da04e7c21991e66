// Each policy, end to end on the built-in digits: the error that it reaches in a few seconds.
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/digits.hpp"

#include <cmath>

using namespace syngrad;
using namespace syngrad::test;

namespace {

const dataset& digits() {
  static const dataset data = make_digits(1, 20000, 2000);
  return data;
}

training_settings learning_settings(const std::string& policy) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 1, 1};
  settings.batch_size = 128;
  settings.steps = 500;
  settings.schedule = "0.7:0.1";
  settings.deterministic = true;
  return settings;
}

} // namespace

TEST_CASE("every policy learns the digits in four groups") {
  struct goal {
    std::string policy, kind;
    double percent;
  };
  const auto wanted = GENERATE(values<goal>({{"locked", "ridge", 6},
                                             {"synthetic", "ridge", 9},
                                             {"synthetic", "linear", 12},
                                             {"synthetic", "mlp:64", 20},
                                             {"synthetic", "exit", 12},
                                             {"corrected", "ridge", 8},
                                             {"local", "head", 12},
                                             {"local", "head:mlp:32", 12},
                                             {"local", "head:early-exit", 12},
                                             {"delayed", "ridge", 8}}));
  CAPTURE(wanted.policy, wanted.kind);
  cpu_device cpu;
  auto settings = learning_settings(wanted.policy);
  settings.synthetic.kind = wanted.kind;
  settings.evaluate_every = 250;
  const auto out = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  REQUIRE(out.summary.failure == "");
  CHECK(out.summary.test["error"] <= wanted.percent);
  REQUIRE(out.evaluations.size() == 2);
  REQUIRE(out.evaluations[0].step == 250);
  REQUIRE(out.evaluations[1].metrics["error"] == out.summary.test["error"]);
  const bool predicted = wanted.policy == "synthetic" || wanted.policy == "corrected";
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& group = out.summary.groups[i];
    if (wanted.policy == "local") {
      CHECK(std::isnan(group.cosine)); // nothing comes to compare with
      CHECK(group.predictor_parameters > 0);
    } else if (predicted) {
      CHECK(group.cosine > 0.2);
      CHECK(group.norm_ratio > 0.1);
      CHECK(group.predictor_parameters > 0);
    } else {
      CHECK(std::isnan(group.cosine));
      CHECK(group.predictor_parameters == 0);
    }
  }
}

TEST_CASE("with predictions of zero the groups below the top stay as they began") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.synthetic.kind = "zero";
  settings.steps = 1;
  const auto begun = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  settings.steps = 20;
  const auto trained = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  REQUIRE(trained.summary.failure == "");
  REQUIRE(trained.weights != begun.weights);
  const auto first = std::mismatch(begun.weights.begin(), begun.weights.end(), trained.weights.begin()).first;
  CHECK(first - begun.weights.begin() >= 784 * 128); // then come running statistics, which move
}

TEST_CASE("a free-running synthetic run learns as a deterministic one does") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.deterministic = false;
  const auto out = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  REQUIRE(out.summary.failure == "");
  CHECK(out.summary.test["error"] <= 10);
}

TEST_CASE("without labels the predictor is worse, which is what conditioning is for") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.steps = 300;
  const auto with = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  settings.synthetic.labels = false;
  const auto without = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  CHECK(without.summary.groups[0].cosine < with.summary.groups[0].cosine);
  CHECK(without.summary.test["error"] > with.summary.test["error"]);
}

TEST_CASE("a run stops at the first evaluation that reaches the target, on the validation part if there is one") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.evaluate_every = 20;
  settings.target = metric_target{"error", false, 40};
  settings.validation_fraction = 0.1;
  const auto out = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  REQUIRE(out.summary.end == run_end::target_reached);
  REQUIRE(out.summary.steps < 500);
  REQUIRE(out.summary.steps % 20 == 0);
  REQUIRE(out.evaluations.size() == static_cast<std::size_t>(out.summary.steps / 20 + 2));
  for (std::size_t i = 0; i + 1 < out.evaluations.size(); ++i) CHECK(out.evaluations[i].on_validation);
  CHECK(out.evaluations[out.evaluations.size() - 3].metrics["error"] <= 40);
  for (std::size_t i = 0; i + 3 < out.evaluations.size(); ++i) CHECK(out.evaluations[i].metrics["error"] > 40);
  CHECK_FALSE(out.evaluations.back().on_validation);
  CHECK(std::isfinite(out.summary.validation["error"]));
}

TEST_CASE("a run ends when it has trained for its time, and is looked at after so many seconds of training") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.deterministic = false;
  settings.steps = 1'000'000;
  settings.time_limit_s = 0.3;
  settings.evaluate_every = 0;
  settings.evaluate_every_s = 0.05;
  const auto out = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  REQUIRE(out.summary.end == run_end::time_over);
  CHECK(out.summary.failure == "");
  CHECK(out.summary.steps < 1'000'000);
  CHECK(out.summary.trained_s >= 0.3);
  CHECK(out.summary.wall_s >= out.summary.trained_s);
  REQUIRE(out.evaluations.size() >= 2);
  CHECK(out.evaluations.size() <= 7); // five between 0.3 s, one where the end comes late, and the last
  for (std::size_t i = 0; i + 1 < out.evaluations.size(); ++i) {
    CHECK(out.evaluations[i].trained_s >= 0.05 * static_cast<double>(i + 1) * 0.8); // the source's clock is ahead
    CHECK(out.evaluations[i].trained_s <= out.evaluations[i + 1].trained_s);
  }
  for (const auto& group : out.summary.groups) CHECK(group.updates == out.summary.steps);
}

TEST_CASE("an audit measures the bias that bootstrapped gradients gather with depth") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.audit_every = 5;
  const auto out = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  const auto& groups = out.summary.groups;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(groups[i].audit_cosine > 0);
    CHECK(groups[i].audit_cosine < 1);
    CHECK(groups[i].audit_bias > 0);
  }
  // Next to the loss the received gradient is the true one; at the bottom it was predicted twice on its way.
  CHECK(groups[2].audit_cosine == Approx(groups[2].cosine).margin(0.1));
  CHECK(groups[0].audit_cosine < groups[2].audit_cosine);
}

TEST_CASE("auditing changes nothing in what is trained") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.steps = 60;
  const auto plain = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  settings.audit_every = 3;
  REQUIRE(run_threaded(settings, "mlp:784-128x3-10", digits(), cpu).weights == plain.weights);
}

TEST_CASE("products on two threads each train as well as on one, and the same bytes twice") {
  cpu_device cpu;
  auto settings = learning_settings("synthetic");
  settings.steps = 150;
  settings.threads = 1;
  const auto one = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  settings.intra_op = 2;
  const auto two = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  const auto again = run_threaded(settings, "mlp:784-128x3-10", digits(), cpu);
  REQUIRE(two.summary.failure == "");
  REQUIRE(two.weights == again.weights);
  CHECK(two.summary.test["error"] == Approx(one.summary.test["error"]).margin(2));
}

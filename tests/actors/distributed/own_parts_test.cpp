// Parts of a user's own, each one class and one line of registration: a policy and an objective train over one process
// and over three, with the same weights.
#include "actors/update_policy.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "tests/actors/distributed/loop_cluster.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"

#include <algorithm>
#include <cmath>

using namespace syngrad;
using namespace syngrad::test;

namespace {

// True gradients of the weights that the forward pass had, of two batches for each update.
class every_second_batch : public update_policy {
public:
  policy_capabilities capabilities() const override { return {.micro_batches = 2, .stashes_weights = true}; }
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }
  void on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) override {
    apply_received(group, record, kind, values);
  }
};

// The mean over the outputs of |output - target|, smoothed where it is small: sqrt(d^2 + 1) - 1 has the gradient
// d / sqrt(d^2 + 1). Computed on the host, as a test may.
class pseudo_huber : public objective {
public:
  static result<std::unique_ptr<objective>> make(const objective_settings&) {
    return std::unique_ptr<objective>(new pseudo_huber);
  }
  bool takes_labels() const override { return false; }
  std::string loss_unit() const override { return ""; }
  std::vector<metric> metrics() const override { return {{"worst", "", "worst", true, true}}; }
  tensor evaluate(stream& s, const tensor& outputs, const tensor& targets, bool wants_gradient,
                  tensor& left) const override {
    auto gradient = make_tensor(s, outputs.extents());
    double loss = 0, worst = 0;
    for (std::int64_t i = 0; i < outputs.elements(); ++i) {
      const auto difference = static_cast<double>(outputs.f32()[i]) - static_cast<double>(targets.f32()[i]);
      const auto length = std::sqrt(difference * difference + 1);
      loss += (length - 1) / static_cast<double>(outputs.elements());
      worst = std::max(worst, std::abs(difference));
      gradient.f32()[i] = static_cast<float>(difference / length / static_cast<double>(outputs.columns()));
    }
    left.f32()[0] = static_cast<float>(loss);
    left.f32()[1] = static_cast<float>(worst);
    return wants_gradient ? gradient : tensor{};
  }
  std::vector<double> judge(const loss_totals& totals) const override { return {totals.sums[0]}; }
};

// Two features, one value: the saddle x0 * x1.
const dataset& saddle() {
  static const dataset made = [] {
    dataset out;
    out.name = "saddle";
    out.input = {{2}};
    out.target = {{1}};
    random_source random(3, 0);
    for (auto* set : {&out.train, &out.test}) {
      set->count = set == &out.train ? 512 : 128;
      for (std::int64_t i = 0; i < set->count; ++i) {
        const auto a = static_cast<float>(random.normal()), b = static_cast<float>(random.normal());
        set->floats.insert(set->floats.end(), {a, b});
        set->values.push_back(a * b);
      }
    }
    return out;
  }();
  return made;
}

constexpr const char* saddle_model = "mlp:2-24x3-1";

training_settings saddle_settings(const std::string& policy, std::int64_t steps) {
  auto out = loop_cluster::four_groups(policy);
  out.batch_size = 32;
  out.steps = steps;
  out.evaluate_every = steps / 2;
  out.objective.name = "mse";
  out.learning_rate = 0.01f;
  return out;
}

loop_cluster saddle_cluster(const training_settings& settings) {
  loop_cluster out{settings, {1, 2, 2, 0}};
  out.change = [](network& net) { net = std::move(*make_network(saddle_model)); };
  out.samples = &saddle();
  return out;
}

} // namespace

TEST_CASE("a policy of one's own governs every group, the top one too, over one process and over three") {
  if (const auto known = known_policies(); std::find(known.begin(), known.end(), "every-second") == known.end())
    REQUIRE(register_policy({"every-second", [](const training_settings&) {
                               return std::unique_ptr<update_policy>(new every_second_batch);
                             }}));
  CHECK_FALSE(register_policy({"every-second", nullptr}));
  CHECK_FALSE(register_policy({"locked", nullptr}));
  auto settings = loop_cluster::four_groups("every-second");
  settings.steps = 31;
  cpu_device cpu;
  const auto alone = run_threaded(settings, loop_cluster::model, loop_cluster::data(), cpu);
  REQUIRE(alone.summary.failure == "");
  for (const auto& group : alone.summary.groups) CHECK(group.updates == 16); // the last one with half of the terms
  const auto together = loop_cluster{settings, {1, 2, 2, 0}}.run();
  REQUIRE(together.summary.failure == "");
  for (const auto& group : together.summary.groups) CHECK(group.updates == 16);
  std::vector<float> gathered;
  for (const auto& [name, values] : together.gathered) gathered.insert(gathered.end(), values.begin(), values.end());
  auto expected = alone.weights;
  std::sort(gathered.begin(), gathered.end());
  std::sort(expected.begin(), expected.end());
  CHECK(gathered == expected);
}

TEST_CASE("values are learned with every policy, over one process and over three, with the same weights") {
  const std::string policy = GENERATE("locked", "delayed", "synthetic", "corrected");
  CAPTURE(policy);
  const auto settings = saddle_settings(policy, 600);
  cpu_device cpu;
  const auto alone = run_threaded(settings, saddle_model, saddle(), cpu);
  REQUIRE(alone.summary.failure == "");
  CAPTURE(alone.summary.test["mse"]);
  // Of a variance of 1. A prediction from the activation alone has no target to go by: it is the worst by far.
  CHECK(alone.summary.test["mse"] < (policy == "synthetic" ? 0.6 : 0.25));
  CHECK(alone.summary.test["rmse"] == Approx(std::sqrt(alone.summary.test["mse"])));
  CHECK(std::isnan(alone.summary.test["error"]));
  const auto together = saddle_cluster(settings).run();
  REQUIRE(together.summary.failure == "");
  CHECK(together.summary.test["mse"] == alone.summary.test["mse"]);
  CHECK(together.summary.final_loss == alone.summary.final_loss);
}

TEST_CASE("a run of values ends at the target that it was given") {
  auto settings = saddle_settings("locked", 4000);
  settings.evaluate_every = 50;
  settings.target = *metric_target::parse("rmse<=0.5");
  cpu_device cpu;
  const auto out = run_threaded(settings, saddle_model, saddle(), cpu);
  REQUIRE(out.summary.failure == "");
  CHECK(out.summary.end == run_end::target_reached);
  CHECK(out.summary.steps < 4000);
  CHECK(out.summary.test["rmse"] <= 0.5);
}

TEST_CASE("an objective of one's own judges with its own metric, over one process and over three") {
  if (const auto known = known_objectives(); std::find(known.begin(), known.end(), "pseudo-huber") == known.end())
    REQUIRE(register_objective({"pseudo-huber", pseudo_huber::make}));
  CHECK_FALSE(register_objective({"mse", nullptr}));
  auto settings = saddle_settings("synthetic", 300);
  settings.objective.name = "pseudo-huber";
  cpu_device cpu;
  const auto alone = run_threaded(settings, saddle_model, saddle(), cpu);
  REQUIRE(alone.summary.failure == "");
  CHECK(alone.evaluations.back().loss < alone.evaluations.front().loss + 0.05);
  CHECK(alone.evaluations.back().loss < 0.25); // of about 0.3 for an output of 0
  CHECK(alone.summary.test["worst"] > 0);
  const auto together = saddle_cluster(settings).run();
  REQUIRE(together.summary.failure == "");
  CHECK(together.summary.test["worst"] == alone.summary.test["worst"]);
}

TEST_CASE("an objective and data that do not go together are refused before anything starts") {
  cpu_device cpu;
  const auto refusal = [&](training_settings settings, const char* model, const dataset& data) {
    const auto prepared = training::prepare(std::move(settings), std::move(*make_network(model)), data, cpu);
    return prepared ? std::string() : prepared.message();
  };
  auto labels_wanted = saddle_settings("locked", 10);
  labels_wanted.objective.name = "cross-entropy";
  CHECK(refusal(labels_wanted, saddle_model, saddle()) ==
        "objective: the targets of the data 'saddle' are values, but cross-entropy takes labels; use mse");
  auto values_wanted = saddle_settings("locked", 10);
  CHECK(refusal(values_wanted, loop_cluster::model, toy()).starts_with("objective: the targets of the data "));
  CHECK(refusal(saddle_settings("locked", 10), "mlp:2-24x3-2", saddle())
          .starts_with("model: the data 'saddle' has 2 features and 1 values to each, but mlp:2-24x3-2 takes 2"));
  auto unknown = saddle_settings("locked", 10);
  unknown.objective.name = "l1";
  CHECK(refusal(unknown, saddle_model, saddle()).starts_with("objective: expected cross-entropy"));
  auto useless = saddle_settings("locked", 10);
  useless.target = metric_target{"error", false, 2};
  CHECK(refusal(useless, saddle_model, saddle()).starts_with("target: expected one of loss<=, mse<=, rmse<="));
}

TEST_CASE("data made by hand has what it says, or is refused") {
  cpu_device cpu;
  const auto refusal = [&](const std::function<void(dataset&)>& spoil) {
    auto data = saddle();
    spoil(data);
    const auto prepared =
      training::prepare(saddle_settings("locked", 10), std::move(*make_network(saddle_model)), data, cpu);
    return prepared ? std::string() : prepared.message();
  };
  CHECK(refusal([](dataset&) {}) == "");
  CHECK(refusal([](dataset& data) { data.train.values.pop_back(); }) ==
        "data: the training samples of 'saddle' have no 1 values each");
  CHECK(refusal([](dataset& data) { data.test.floats.pop_back(); }) ==
        "data: the test samples of 'saddle' have no 2 features each, as bytes or as floats");
  CHECK(refusal([](dataset& data) { data.train.labels.assign(512, 0); }) ==
        "data: the training samples of 'saddle' have no 1 values each");
  auto labelled = toy();
  labelled.test.labels[3] = labelled.target.categories;
  const auto prepared = training::prepare(loop_cluster::four_groups("locked"),
                                          std::move(*make_network(loop_cluster::model)), labelled, cpu);
  CHECK(prepared.message() == "data: the test samples of '" + labelled.name +
                                "' have the label 3, which is not below the number of classes, 3");
}

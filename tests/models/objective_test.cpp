// Losses, gradients, totals and metrics of the objectives, and what is refused.
#include "models/metric.hpp"
#include "models/objective.hpp"
#include "tests/models/bench.hpp"
#include "tests/models/finite_differences.hpp"

#include <cmath>
#include <memory>

namespace syngrad {
namespace {

std::unique_ptr<objective> made_objective(const objective_settings& settings) {
  auto out = make_objective(settings);
  INFO((out ? std::string() : out.message()));
  REQUIRE(out);
  return std::move(*out);
}

struct judged_batch {
  std::vector<float> left;
  std::vector<float> gradient;
};

judged_batch judge_batch(bench& b, const objective& by, const tensor& outputs, const tensor& targets) {
  auto left = make_tensor(b.s, {objective::numbers}), without = make_tensor(b.s, {objective::numbers});
  for (auto* each : {&left, &without}) b.s.ops().fill(b.s, *each, 0);
  const auto gradient = by.evaluate(b.s, outputs, targets, true, left);
  REQUIRE_FALSE(by.evaluate(b.s, outputs, targets, false, without));
  REQUIRE(to_vector(without) == to_vector(left));
  return {to_vector(left), to_vector(gradient)};
}

TEST_CASE("the mean squared error is the mean over terms and outputs, and its gradient is per term") {
  bench b;
  const auto by = made_objective({.name = "mse"});
  CHECK_FALSE(by->takes_labels());
  const auto outputs = b.normal({5, 3}), targets = b.normal({5, 3});
  const auto got = judge_batch(b, *by, outputs, targets);
  double sum = 0;
  for (std::size_t i = 0; i < 15; ++i) {
    const auto difference = double{outputs.f32()[i]} - double{targets.f32()[i]};
    sum += difference * difference;
    CHECK(double{got.gradient[i]} == Approx(2 * difference / 3).margin(1e-6));
  }
  CHECK(double{got.left[0]} == Approx(sum / 15).epsilon(1e-6));
  auto totals = totals_of(got.left, 5);
  totals.add(totals_of(std::vector<float>{0, 0, 0}, 5)); // a batch without any error
  const auto values = by->values_of(totals);
  CHECK(values["mse"] == Approx(sum / 30).epsilon(1e-6));
  CHECK(values["rmse"] == Approx(std::sqrt(sum / 30)).epsilon(1e-6));
  CHECK(values.judge().of.name == "mse");
}

TEST_CASE("tokens of a text are judged by their perplexity, and have no column of errors") {
  const auto by = made_objective({.of_text = true});
  const auto values = by->values_of({.loss = 8 * std::log(5.0), .sums = {6, 0}, .terms = 8});
  CHECK(values.judge().of.name == "perplexity");
  CHECK(values.judge().of.lower_is_better);
  CHECK(values.judge().value == Approx(5));
  CHECK(values["error"] == Approx(75)); // for --target
  CHECK(values["accuracy"] == Approx(25));
  for (const auto& each : values) CHECK(each.of.listed == (each.of.name == "perplexity"));
}

TEST_CASE("cross-entropy is judged by its error, and tells accuracy and perplexity") {
  bench b;
  const auto by = made_objective({});
  auto outputs = make_tensor(b.s, {4, 2}), labels = make_tensor(b.s, {4}, dtype::i32);
  for (std::int64_t i = 0; i < 8; ++i) outputs.f32()[i] = i % 2 == 0 ? 1.0f : 0.0f; // always class 0
  for (std::int64_t i = 0; i < 4; ++i) labels.i32()[i] = i == 0 ? 1 : 0;
  auto totals = totals_of(judge_batch(b, *by, outputs, labels).left, 4);
  totals.add(loss_totals(totals));
  const auto values = by->values_of(totals);
  CHECK(totals.terms == 8);
  CHECK(values["error"] == 25);
  CHECK(values["accuracy"] == 75);
  const auto loss = std::log(1 + std::exp(-1.0)) + 0.25;
  CHECK(totals.mean_loss() == Approx(loss).epsilon(1e-6));
  CHECK(values["perplexity"] == Approx(std::exp(loss)).epsilon(1e-6));
  CHECK(std::isnan(values["mse"]));
  CHECK(std::isnan(by->unmeasured()["error"]));
}

TEST_CASE("smoothed labels pull towards all classes: the gradient agrees with finite differences") {
  bench b;
  const auto by = made_objective({.label_smoothing = 0.2f});
  const auto outputs = b.normal({6, 5});
  const auto labels = b.labels(6, 5);
  const auto got = judge_batch(b, *by, outputs, labels);
  const auto loss = [&] {
    double sum = 0;
    for (std::int64_t row = 0; row < 6; ++row) {
      const auto* z = outputs.f32() + row * 5;
      double total = 0, mean = 0;
      for (int k = 0; k < 5; ++k) {
        total += std::exp(double{z[k]});
        mean += double{z[k]} / 5;
      }
      sum += std::log(total) - 0.8 * double{z[labels.i32()[row]]} - 0.2 * mean;
    }
    return sum;
  };
  CHECK(double{got.left[0]} == Approx(loss() / 6).epsilon(1e-5));
  check_gradient(values(outputs), got.gradient, loss);
}

TEST_CASE("objectives that are unknown or do not go together are refused with what is known") {
  CHECK(make_objective({.name = "l1"}).message().starts_with("unknown objective 'l1'; known are cross-entropy, mse"));
  CHECK_FALSE(make_objective({.label_smoothing = 1}));
  CHECK_FALSE(make_objective({.label_smoothing = std::nanf("")}));
  CHECK_FALSE(make_objective({.name = "mse", .label_smoothing = 0.1f}));
}

TEST_CASE("a target is a metric and a bound that gets better") {
  const auto by = made_objective({});
  for (const auto* good : {"error<=2", "accuracy>=98.5", "loss<=0.125", "perplexity<=20"}) {
    INFO(good);
    const auto read = metric_target::parse(good);
    REQUIRE(read);
    CHECK(read->text() == good);
    CHECK(check_target(*read, *by));
  }
  for (const auto* bad : {"", "error", "<=2", "error<=", "error<=x", "error<2", "error<=nan", "error<=2%"}) {
    INFO(bad);
    CHECK_FALSE(metric_target::parse(bad));
  }
  for (const auto* useless : {"error>=2", "accuracy<=98", "mse<=1", "loss>=1", "error<=101", "accuracy>=-1"}) {
    INFO(useless);
    CHECK_FALSE(check_target(*metric_target::parse(useless), *by));
  }
  CHECK(check_target(*metric_target::parse("mse<=1000"), *made_objective({.name = "mse"})));
  const metric_values measured({{{"error", "%", "error_percent"}, 2.5}, {{"accuracy", "%", "accuracy_percent"}, 97.5}});
  CHECK(metric_target{"error", false, 2.5}.is_reached(1, measured));
  CHECK_FALSE(metric_target{"error", false, 2.25}.is_reached(1, measured));
  CHECK(metric_target{"accuracy", true, 97}.is_reached(1, measured));
  CHECK(metric_target{"loss", false, 1}.is_reached(1, measured));
  CHECK_FALSE(metric_target{"loss", false, 1}.is_reached(std::nan(""), measured));
  CHECK_FALSE(metric_target{"rmse", false, 100}.is_reached(1, measured));
}

} // namespace
} // namespace syngrad

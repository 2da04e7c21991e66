#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

struct outcome {
  double loss, wrong;
  matrix gradient;
};

outcome run(device_under_test& bench, const matrix& logits, const std::vector<std::int32_t>& labels,
            float smoothing = 0) {
  auto gradient = bench.zeros({logits.rows, logits.columns}), result = bench.zeros({2});
  const auto on_device = bench.upload(logits);
  const auto labels_there = bench.upload(labels);
  bench.ops().softmax_cross_entropy(bench.on(), {on_device, labels_there, &gradient, result, smoothing});
  const auto numbers = bench.download(result);
  return {numbers.at[0], numbers.at[1], bench.download(gradient)};
}

} // namespace

TEST_CASE("softmax cross-entropy equals the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto spread = GENERATE(1.0, 30.0); // the second overflows without the shift by the largest logit
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(spread, rows, columns);
    auto logits = bench.normal(rows, columns);
    for (auto& each : logits.at) each = static_cast<double>(static_cast<float>(each * spread + 100));
    auto labels = bench.labels(rows, columns);
    for (const auto smoothing : {0.0f, 0.1f, 0.75f}) {
      const auto got = run(bench, logits, labels, smoothing);
      const auto expected = reference::softmax_cross_entropy(logits, labels, static_cast<double>(smoothing));
      REQUIRE(got.loss == Approx(expected.loss).epsilon(1e-5).margin(1e-6));
      REQUIRE(got.wrong == expected.wrong);
      REQUIRE(worst_error(got.gradient, expected.gradient, tolerances::softmax) <= 1);
    }
  }
}

TEST_CASE("rows without a label have neither loss nor gradient, and the mean is that of the others") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto logits = bench.normal(37, 11);
  auto labels = bench.labels(37, 11);
  for (std::size_t r = 0; r < labels.size(); r += 3) labels[r] = no_label;
  for (const auto smoothing : {0.0f, 0.2f}) {
    const auto got = run(bench, logits, labels, smoothing);
    const auto expected = reference::softmax_cross_entropy(logits, labels, static_cast<double>(smoothing));
    REQUIRE(got.loss == Approx(expected.loss).epsilon(1e-5));
    REQUIRE(got.wrong == expected.wrong);
    REQUIRE(got.gradient(3, 5) == 0);
    REQUIRE(worst_error(got.gradient, expected.gradient, tolerances::softmax) <= 1);
  }
  const auto none = run(bench, logits, std::vector<std::int32_t>(37, no_label));
  REQUIRE(none.loss == 0);
  REQUIRE(none.wrong == 0);
  REQUIRE(*std::max_element(none.gradient.at.begin(), none.gradient.at.end()) == 0);
}

TEST_CASE("the gradient of softmax cross-entropy equals finite differences") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  auto logits = bench.normal(6, 5);
  const auto labels = bench.labels(6, 5);
  const auto gradient = run(bench, logits, labels).gradient;
  matrix expected(6, 5);
  constexpr auto h = tolerances::difference_step;
  for (std::size_t i = 0; i < logits.at.size(); ++i) {
    const auto middle = logits.at[i];
    logits.at[i] = middle + h;
    const auto above = reference::softmax_cross_entropy(logits, labels).loss;
    logits.at[i] = middle - h;
    expected.at[i] = 6 * (above - reference::softmax_cross_entropy(logits, labels).loss) / (2 * h); // per sample
    logits.at[i] = middle;
  }
  REQUIRE(worst_error(gradient, expected, tolerances::finite_difference) <= 1);
}

TEST_CASE("equal logits: the loss is the logarithm of the classes, and the lowest index wins") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto got = run(bench, matrix(2, 10, 3), {0, 4});
  REQUIRE(got.loss == Approx(std::log(10.0)).epsilon(1e-6));
  REQUIRE(got.wrong == 1);
}

TEST_CASE("of two equal largest logits the first counts, wherever they stand") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [first, second] : {std::pair{0, 1}, {1, 32}, {2, 33}, {2, 299}, {31, 288}, {255, 256}}) {
    CAPTURE(first, second);
    auto logits = matrix(2, 300, 0);
    for (std::int64_t r = 0; r < 2; ++r) logits(r, first) = logits(r, second) = 5;
    REQUIRE(run(bench, logits, {first, first}).wrong == 0);
    REQUIRE(run(bench, logits, {second, first}).wrong == 1);
  }
}

TEST_CASE("a logit that is not finite makes the loss NaN and its row wrong") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto bad = GENERATE(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity());
  for (const std::int64_t where : {0, 4, 9}) {
    CAPTURE(bad, where);
    auto logits = matrix(3, 10, 0);
    for (std::int64_t r = 0; r < 3; ++r) logits(r, 2) = 5;
    logits(1, where) = bad;
    const auto got = run(bench, logits, {2, 2, 2});
    REQUIRE(std::isnan(got.loss));
    REQUIRE(got.wrong == 1);
    REQUIRE(std::isnan(got.gradient(1, 2)));
    REQUIRE(std::isfinite(got.gradient(0, 2)));
  }
}

TEST_CASE("without a gradient the loss is the same") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto logits = bench.normal(31, 10);
  const auto labels = bench.labels(31, 10);
  auto result = bench.zeros({2});
  const auto on_device = bench.upload(logits);
  const auto labels_there = bench.upload(labels);
  bench.ops().softmax_cross_entropy(bench.on(), {on_device, labels_there, nullptr, result});
  REQUIRE(bench.download(result).at[0] == run(bench, logits, labels).loss);
}

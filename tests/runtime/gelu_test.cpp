#include "tests/runtime/device_under_test.hpp"
#include "tests/runtime/transformer_reference.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

// From far where nothing passes to far where all does, in steps that are no round numbers.
matrix inputs_of_gelu() {
  matrix x(1, 2001);
  for (std::size_t i = 0; i < x.at.size(); ++i)
    x.at[i] = static_cast<double>(0.0131f * (static_cast<float>(i) - 1000.0f));
  return x;
}

} // namespace

TEST_CASE("gelu and its gradient equal the reference, in both forms") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto how = GENERATE(gelu_approximation::none, gelu_approximation::tanh);
  const bool with_tanh = how == gelu_approximation::tanh;
  const auto x = inputs_of_gelu(), dy = bench.normal(1, x.columns);
  auto y = bench.zeros({1, x.columns}), dx = bench.zeros({1, x.columns});
  bench.ops().gelu(bench.on(), bench.upload(x), how, y);
  bench.ops().gelu_backward(bench.on(), bench.upload(dy), bench.upload(x), how, dx);
  matrix expected(1, x.columns), gradient(1, x.columns);
  for (std::size_t i = 0; i < x.at.size(); ++i) {
    expected.at[i] = reference::gelu(x.at[i], with_tanh);
    gradient.at[i] = dy.at[i] * reference::gelu_slope(x.at[i], with_tanh);
  }
  REQUIRE(worst_error(bench.download(y), expected, tolerances::gelu) <= 1);
  REQUIRE(worst_error(bench.download(dx), gradient, tolerances::gelu) <= 1);
}

TEST_CASE("gelu of what is huge is that or zero, and a NaN stays one") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto how = GENERATE(gelu_approximation::none, gelu_approximation::tanh);
  matrix x(1, 18), ones(1, 18, 1);
  x(0, 3) = 1e4, x(0, 5) = -1e4, x(0, 16) = std::nan("");
  auto y = bench.zeros({1, 18}), dx = bench.zeros({1, 18});
  bench.ops().gelu(bench.on(), bench.upload(x), how, y);
  bench.ops().gelu_backward(bench.on(), bench.upload(ones), bench.upload(x), how, dx);
  const auto got = bench.download(y), slope = bench.download(dx);
  REQUIRE(got(0, 3) == 1e4);
  REQUIRE(std::abs(got(0, 5)) < 1e-20);
  REQUIRE(std::isnan(got(0, 16)));
  REQUIRE(got(0, 0) == 0);
  REQUIRE(slope(0, 3) == 1);
  REQUIRE(std::abs(slope(0, 5)) < 1e-20);
  REQUIRE(std::isnan(slope(0, 16)));
  REQUIRE(slope(0, 0) == Approx(0.5));
}

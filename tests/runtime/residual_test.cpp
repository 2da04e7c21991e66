#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

TEST_CASE("the sum of two branches, with and without a relu, equals the reference, also in place") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true);
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(relu, rows, columns);
    const auto a = bench.normal(rows, columns), b = bench.normal(rows, columns);
    auto on_a = bench.upload(a), y = bench.zeros({rows, columns});
    const auto on_b = bench.upload(b);
    auto expected = a;
    for (std::size_t i = 0; i < a.at.size(); ++i)
      expected.at[i] = relu ? reference::relu(a.at[i] + b.at[i]) : a.at[i] + b.at[i];
    bench.ops().sum_branches(bench.on(), on_a, on_b, relu, y);
    REQUIRE(worst_error(bench.download(y), expected, tolerances::elementwise) <= 1);
    bench.ops().sum_branches(bench.on(), on_a, on_b, relu, on_a);
    REQUIRE(bench.download(on_a) == bench.download(y));
  }
}

TEST_CASE("a NaN of either branch is in their sum, whatever the relu") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool relu = GENERATE(false, true);
  auto a = bench.normal(1, 19), b = bench.normal(1, 19);
  a(0, 3) = b(0, 17) = std::nan("");
  auto y = bench.zeros({1, 19});
  bench.ops().sum_branches(bench.on(), bench.upload(a), bench.upload(b), relu, y);
  const auto got = bench.download(y);
  for (std::int64_t i = 0; i < 19; ++i) REQUIRE(std::isnan(got(0, i)) == (i == 3 || i == 17));
}

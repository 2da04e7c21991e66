#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

TEST_CASE("rows of floats are gathered and scaled") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rows, columns);
    const auto source = bench.normal(50, columns);
    const auto indices = bench.labels(rows, 50);
    auto out = bench.zeros({rows, columns});
    bench.ops().gather_rows(bench.on(), bench.upload(source), bench.upload(indices), 0.3f, out);
    matrix expected(rows, columns);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c) expected(r, c) = double{0.3f} * source(indices[r], c);
    REQUIRE(worst_error(bench.download(out), expected, tolerances::elementwise) <= 1);
  }
}

TEST_CASE("rows of bytes are gathered as numbers from 0 to 1") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rows, columns);
    std::vector<std::uint8_t> source(static_cast<std::size_t>(50 * columns));
    for (auto& each : source) each = static_cast<std::uint8_t>(bench.random().below(256));
    source[0] = 255;
    auto indices = bench.labels(rows, 50);
    indices[0] = 0;
    auto out = bench.zeros({rows, columns});
    bench.ops().gather_rows(bench.on(), bench.upload(source, {50, columns}), bench.upload(indices), 1.0f / 255, out);
    matrix expected(rows, columns);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c)
        expected(r, c) = source[static_cast<std::size_t>(indices[r] * columns + c)] / 255.0;
    REQUIRE(worst_error(bench.download(out), expected, tolerances::elementwise) <= 1);
  }
}

TEST_CASE("the label of a sample becomes that of its rows") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const std::int64_t times : {1, 7}) {
    const auto labels = bench.labels(33, 10);
    auto out = make_tensor(bench.on(), {33 * times}, dtype::i32);
    bench.ops().repeat_labels(bench.on(), bench.upload(labels), times, out);
    const auto got = bench.download(out);
    for (std::size_t i = 0; i < got.at.size(); ++i) REQUIRE(got.at[i] == labels[i / static_cast<std::size_t>(times)]);
  }
}

TEST_CASE("rows are divided by a number each") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto x = bench.normal(37, 29);
  auto divisors = bench.normal(1, 37);
  for (auto& each : divisors.at) each = std::abs(each) + 0.5;
  auto out = bench.zeros({37, 29});
  bench.ops().divide_rows(bench.on(), bench.upload(x), bench.upload(divisors), out);
  matrix expected(37, 29);
  for (std::int64_t r = 0; r < 37; ++r)
    for (std::int64_t c = 0; c < 29; ++c) expected(r, c) = x(r, c) / divisors(0, r);
  CHECK(worst_error(bench.download(out), expected, tolerances::elementwise) <= 1);
}

TEST_CASE("rows are multiplied by a number each, in place too") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const std::int64_t columns : {1, 29, 700}) {
    const auto x = bench.normal(37, columns), factors = bench.normal(1, 37);
    matrix expected(37, columns);
    for (std::int64_t r = 0; r < 37; ++r)
      for (std::int64_t c = 0; c < columns; ++c) expected(r, c) = x(r, c) * factors(0, r);
    auto out = bench.zeros({37, columns}), in_place = bench.upload(x);
    const auto on_factors = bench.upload(factors);
    bench.ops().scale_rows(bench.on(), in_place, on_factors, out);
    bench.ops().scale_rows(bench.on(), in_place, on_factors, in_place);
    CHECK(worst_error(bench.download(out), expected, tolerances::elementwise) <= 1);
    CHECK(bench.download(in_place) == bench.download(out));
  }
}

TEST_CASE("rows that are longer than the limit are scaled down to it, the others stay") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const std::int64_t columns : {1, 29, 700}) {
    CAPTURE(columns);
    auto x = bench.normal(37, columns);
    for (std::int64_t c = 0; c < columns; ++c) x(5, c) = 0, x(6, c) *= 100;
    const auto limit = 0.5 * std::sqrt(4.0 * static_cast<double>(columns));
    auto limited = bench.upload(x), squares = bench.scalar(static_cast<float>(4 * columns));
    bench.ops().limit_rows(bench.on(), limited, squares, 0.5f);
    const auto got = bench.download(limited);
    matrix expected(37, columns);
    int longer = 0;
    for (std::int64_t r = 0; r < 37; ++r) {
      double sum = 0;
      for (std::int64_t c = 0; c < columns; ++c) sum += x(r, c) * x(r, c);
      const auto shrink = std::min(1.0, limit / std::max(std::sqrt(sum), 1e-30));
      longer += shrink < 1;
      for (std::int64_t c = 0; c < columns; ++c) {
        expected(r, c) = x(r, c) * shrink;
        if (shrink == 1) REQUIRE(got(r, c) == x(r, c));
      }
    }
    CHECK(longer > 1);
    CHECK(longer < 36);
    // A length is a sum of squares: as many of its roundings as the root of its terms do not cancel.
    const auto of_sum = std::sqrt(static_cast<double>(columns)) * tolerances::rounding;
    CHECK(worst_error(got, expected, {tolerances::elementwise.absolute, tolerances::elementwise.relative + of_sum}) <=
          1);
  }
}

TEST_CASE("labels are gathered") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto source = bench.labels(100, 10), indices = bench.labels(257, 100);
  auto out = make_tensor(bench.on(), {257}, dtype::i32);
  bench.ops().gather_labels(bench.on(), bench.upload(source), bench.upload(indices), out);
  const auto got = bench.download(out);
  for (std::size_t i = 0; i < indices.size(); ++i) REQUIRE(got.at[i] == source[static_cast<std::size_t>(indices[i])]);
}

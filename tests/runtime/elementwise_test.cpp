#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

TEST_CASE("fill, copy, scale, add and subtract equal the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rows, columns);
    const auto a = bench.normal(rows, columns), b = bench.normal(rows, columns);
    const auto on_a = bench.upload(a), on_b = bench.upload(b);
    auto out = bench.zeros({rows, columns});

    bench.ops().fill(bench.on(), out, 2.5f);
    REQUIRE(bench.download(out) == matrix(rows, columns, 2.5));
    bench.ops().copy(bench.on(), on_a, out);
    REQUIRE(bench.download(out) == a);

    auto expected = a;
    for (auto& each : expected.at) each *= -0.3f;
    bench.ops().scale(bench.on(), out, -0.3f);
    REQUIRE(worst_error(bench.download(out), expected, tolerances::elementwise) <= 1);

    for (std::size_t i = 0; i < b.at.size(); ++i) expected.at[i] += 1.7f * b.at[i];
    bench.ops().add(bench.on(), on_b, 1.7f, out);
    REQUIRE(worst_error(bench.download(out), expected, tolerances::elementwise) <= 1);

    for (std::size_t i = 0; i < b.at.size(); ++i) expected.at[i] = a.at[i] - b.at[i];
    bench.ops().subtract(bench.on(), on_a, on_b, out);
    REQUIRE(worst_error(bench.download(out), expected, tolerances::elementwise) <= 1);
  }
}

TEST_CASE("relu and its gradient equal the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rows, columns);
    const auto x = bench.normal(rows, columns), dy = bench.normal(rows, columns);
    auto y = bench.zeros({rows, columns}), dx = bench.zeros({rows, columns});
    bench.ops().relu(bench.on(), bench.upload(x), y);
    bench.ops().relu_backward(bench.on(), bench.upload(dy), y, dx);
    auto expected_y = x, expected_dx = dy;
    for (std::size_t i = 0; i < x.at.size(); ++i) {
      expected_y.at[i] = reference::relu(x.at[i]);
      if (x.at[i] <= 0) expected_dx.at[i] = 0;
    }
    REQUIRE(bench.download(y) == expected_y);
    REQUIRE(bench.download(dx) == expected_dx);
  }
}

TEST_CASE("relu passes a NaN on") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const std::int64_t where : {0, 8, 18}) {
    auto x = bench.normal(1, 19);
    x(0, where) = std::nan("");
    auto y = bench.zeros({1, 19});
    bench.ops().relu(bench.on(), bench.upload(x), y);
    REQUIRE(std::isnan(bench.download(y)(0, where)));
  }
}

TEST_CASE("a block is copied to its position and nothing else is touched") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rows, columns);
    const auto block = bench.normal(rows, columns);
    auto plain = bench.upload(matrix(rows + 3, columns + 5, -1));
    auto turned = bench.upload(matrix(columns + 3, rows + 5, -1));
    bench.ops().copy_block(bench.on(), bench.upload(block), plain, 1, 2);
    bench.ops().copy_block_transposed(bench.on(), bench.upload(block), turned, 1, 2);
    matrix expected(rows + 3, columns + 5, -1), expected_turned(columns + 3, rows + 5, -1);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c) {
        expected(r + 1, c + 2) = block(r, c);
        expected_turned(c + 1, r + 2) = block(r, c);
      }
    REQUIRE(bench.download(plain) == expected);
    REQUIRE(bench.download(turned) == expected_turned);
  }
}

TEST_CASE("copy moves integers and bytes as well") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto numbers = bench.labels(37, 1000);
  auto out = make_tensor(bench.on(), {37}, dtype::i32);
  bench.ops().copy(bench.on(), bench.upload(numbers), out);
  const auto copied = bench.download(out);
  for (std::size_t i = 0; i < numbers.size(); ++i) REQUIRE(copied.at[i] == numbers[i]);
}

TEST_CASE("upload has read the host's memory when it returns") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  std::vector<float> values(100, 3);
  auto out = make_tensor(bench.on(), {10, 10});
  bench.ops().upload(bench.on(), values.data(), out);
  std::fill(values.begin(), values.end(), -1.0f);
  REQUIRE(bench.download(out) == matrix(10, 10, 3));
}

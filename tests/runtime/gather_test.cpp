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

TEST_CASE("labels are gathered") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto source = bench.labels(100, 10), indices = bench.labels(257, 100);
  auto out = make_tensor(bench.on(), {257}, dtype::i32);
  bench.ops().gather_labels(bench.on(), bench.upload(source), bench.upload(indices), out);
  const auto got = bench.download(out);
  for (std::size_t i = 0; i < indices.size(); ++i) REQUIRE(got.at[i] == source[static_cast<std::size_t>(indices[i])]);
}

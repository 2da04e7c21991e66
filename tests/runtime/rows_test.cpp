#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

constexpr std::int64_t label_count = 7;

} // namespace

TEST_CASE("rows are filled with the bias, the label's row, both or zero") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool with_bias = GENERATE(false, true), with_table = GENERATE(false, true);
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(with_bias, with_table, rows, columns);
    const auto bias = bench.normal(1, columns), table = bench.normal(label_count, columns);
    const auto labels = bench.labels(rows, label_count);
    const auto on_bias = bench.upload(bias), on_table = bench.upload(table), on_labels = bench.upload(labels);
    auto y = bench.upload(matrix(rows, columns, std::nan("")));
    bench.ops().fill_rows(bench.on(), with_bias ? &on_bias : nullptr, with_table ? &on_table : nullptr,
                          with_table ? &on_labels : nullptr, y);
    matrix expected(rows, columns);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c)
        expected(r, c) = (with_bias ? bias(0, c) : 0) + (with_table ? table(labels[r], c) : 0);
    REQUIRE(worst_error(bench.download(y), expected, tolerances::elementwise) <= 1);
  }
}

TEST_CASE("a filled output lets a product add to bias and label term") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto x = bench.normal(40, 30), w = bench.normal(30, 11), bias = bench.normal(1, 11),
             table = bench.normal(label_count, 11);
  const auto labels = bench.labels(40, label_count);
  const auto on_bias = bench.upload(bias), on_table = bench.upload(table), on_labels = bench.upload(labels);
  auto y = bench.zeros({40, 11});
  bench.ops().fill_rows(bench.on(), &on_bias, &on_table, &on_labels, y);
  bench.ops().matmul(bench.on(), {bench.upload(x), transpose::no, bench.upload(w), transpose::no, y, 1, 1});
  auto expected = product(x, w);
  for (std::int64_t r = 0; r < 40; ++r)
    for (std::int64_t c = 0; c < 11; ++c) expected(r, c) += bias(0, c) + table(labels[r], c);
  REQUIRE(worst_error(bench.download(y), expected, tolerances::sum(32)) <= 1);
}

TEST_CASE("sums of rows equal the reference, and a zero beta does not read the output") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto beta = GENERATE(0.0f, 1.0f, 0.9f);
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(beta, rows, columns);
    const auto x = bench.normal(rows, columns);
    const auto before = beta == 0 ? matrix(columns, 1, std::nan("")) : bench.normal(columns, 1);
    auto out = bench.upload(before, {columns});
    bench.ops().sum_rows(bench.on(), bench.upload(x), beta, out);
    matrix expected(columns, 1);
    for (std::int64_t c = 0; c < columns; ++c) {
      if (beta != 0) expected(c, 0) = double{beta} * before(c, 0);
      for (std::int64_t r = 0; r < rows; ++r) expected(c, 0) += x(r, c);
    }
    REQUIRE(worst_error(bench.download(out), expected, tolerances::sum(rows + 1)) <= 1);
  }
}

TEST_CASE("sums and counts by label equal the reference, and a zero beta does not read the output") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto beta = GENERATE(0.0f, 1.0f, 0.98f);
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(beta, rows, columns);
    const auto x = bench.normal(rows, columns);
    const auto labels = bench.labels(rows, label_count);
    const auto before = beta == 0 ? matrix(label_count, columns, std::nan("")) : bench.normal(label_count, columns);
    const auto count_before = beta == 0 ? matrix(label_count, 1, std::nan("")) : matrix(label_count, 1, 5);
    auto table = bench.upload(before), counts = bench.upload(count_before, {label_count});
    const auto on_labels = bench.upload(labels);
    bench.ops().sum_rows_by_label(bench.on(), bench.upload(x), on_labels, beta, table);
    bench.ops().count_labels(bench.on(), on_labels, beta, counts);
    matrix expected(label_count, columns), expected_counts(label_count, 1, beta == 0 ? 0 : 5 * double{beta});
    if (beta != 0)
      for (std::size_t i = 0; i < before.at.size(); ++i) expected.at[i] = double{beta} * before.at[i];
    for (std::int64_t r = 0; r < rows; ++r) {
      expected_counts(labels[r], 0) += 1;
      for (std::int64_t c = 0; c < columns; ++c) expected(labels[r], c) += x(r, c);
    }
    REQUIRE(worst_error(bench.download(table), expected, tolerances::sum(rows + 1)) <= 1);
    REQUIRE(worst_error(bench.download(counts), expected_counts, tolerances::sum(rows + 1)) <= 1);
  }
}

TEST_CASE("a guard that is not finite leaves sums of rows as they are") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto guard_value = GENERATE(std::nanf(""), std::numeric_limits<float>::infinity(), 1.0f);
  const bool applied = std::isfinite(guard_value);
  auto x = bench.normal(20, 9);
  if (!applied) x(2, 2) = std::nan("");
  const auto labels = bench.labels(20, label_count);
  const auto guard = bench.scalar(guard_value);
  const auto on_x = bench.upload(x), on_labels = bench.upload(labels);
  const auto before = bench.normal(9, 1), table_before = bench.normal(label_count, 9);
  auto sums = bench.upload(before, {9}), table = bench.upload(table_before);
  bench.ops().sum_rows(bench.on(), on_x, 0.5f, sums, &guard);
  bench.ops().sum_rows_by_label(bench.on(), on_x, on_labels, 0.5f, table, &guard);
  REQUIRE((bench.download(sums) == before) == !applied);
  REQUIRE((bench.download(table) == table_before) == !applied);
}

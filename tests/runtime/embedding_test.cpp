#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

TEST_CASE("an embedding looks up the rows of tokens, and adds those of positions") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [context, features] : {extent{1, 1}, extent{5, 31}, extent{64, 16}, extent{7, 130}}) {
    CAPTURE(context, features);
    const auto rows = 3 * context;
    const auto tokens = bench.labels(rows, 11);
    const auto table = bench.normal(11, features), positions = bench.normal(context, features);
    const auto ids = bench.upload(tokens), weight = bench.upload(table), position = bench.upload(positions);
    auto plain = bench.zeros({rows, features}), placed = bench.zeros({rows, features});
    bench.ops().embedding(bench.on(), {.tokens = ids, .weight = weight, .y = plain});
    bench.ops().embedding(bench.on(), {.tokens = ids, .weight = weight, .position = &position, .y = placed});
    matrix expected(rows, features), expected_placed(rows, features);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < features; ++c) {
        expected(r, c) = table(tokens[static_cast<std::size_t>(r)], c);
        expected_placed(r, c) = expected(r, c) + positions(r % context, c);
      }
    REQUIRE(bench.download(plain) == expected);
    REQUIRE(worst_error(bench.download(placed), expected_placed, tolerances::elementwise) <= 1);
  }
}

TEST_CASE("the gradient of an embedding is the sum over the rows of each token, overwritten or added") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool accumulate = GENERATE(false, true);
  for (const auto& [rows, features] : awkward_shapes()) {
    CAPTURE(accumulate, rows, features);
    const auto tokens = bench.labels(rows, 7); // the last ones of the table are not met
    const auto dy = bench.normal(rows, features), before = bench.normal(9, features);
    auto table = bench.upload(before);
    bench.ops().embedding_backward(bench.on(), bench.upload(dy), bench.upload(tokens), accumulate, table);
    auto expected = accumulate ? before : matrix(9, features);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < features; ++c) expected(tokens[static_cast<std::size_t>(r)], c) += dy(r, c);
    REQUIRE(worst_error(bench.download(table), expected, tolerances::sum(rows)) <= 1);
  }
}

TEST_CASE("the rows of a token are summed in their order") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto tokens = bench.labels(500, 3);
  const auto dy = bench.normal(500, 20);
  auto table = bench.zeros({3, 20});
  bench.ops().embedding_backward(bench.on(), bench.upload(dy), bench.upload(tokens), false, table);
  std::vector<float> sums(3 * 20);
  for (std::size_t r = 0; r < tokens.size(); ++r)
    for (std::size_t c = 0; c < 20; ++c)
      sums[static_cast<std::size_t>(tokens[r]) * 20 + c] += static_cast<float>(dy.at[r * 20 + c]);
  const auto got = bench.download(table);
  for (std::size_t i = 0; i < sums.size(); ++i) REQUIRE(got.at[i] == static_cast<double>(sums[i]));
}

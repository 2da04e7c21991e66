#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

struct product_case {
  std::int64_t m, n, k;
};

const std::vector<product_case> product_cases = {{1, 1, 1},      {1, 257, 3},    {257, 1, 5},    {3, 5, 7},
                                                 {64, 31, 129},  {256, 10, 256}, {256, 256, 10}, {10, 256, 256},
                                                 {96, 200, 784}, {130, 512, 40}, {256, 256, 256}};

matrix scaled_sum(double alpha, const matrix& product, double beta, const matrix& c) {
  auto out = product;
  for (std::size_t i = 0; i < out.at.size(); ++i) out.at[i] = alpha * product.at[i] + (beta == 0 ? 0 : beta * c.at[i]);
  return out;
}

} // namespace

TEST_CASE("a product equals the reference for every transposition, alpha and beta") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool turn_a = GENERATE(false, true), turn_b = GENERATE(false, true);
  const auto alpha = GENERATE(1.0f, -0.5f), beta = GENERATE(0.0f, 1.0f, 0.75f);
  for (const auto& [m, n, k] : product_cases) {
    CAPTURE(turn_a, turn_b, alpha, beta, m, n, k);
    const auto a = bench.normal(m, k), b = bench.normal(k, n), c = bench.normal(m, n);
    const auto on_a = bench.upload(turn_a ? transposed(a) : a), on_b = bench.upload(turn_b ? transposed(b) : b);
    auto on_c = bench.upload(c);
    bench.ops().matmul(bench.on(), {on_a, transpose{turn_a}, on_b, transpose{turn_b}, on_c, alpha, beta});
    const auto expected = scaled_sum(double{alpha}, product(a, b), double{beta}, c);
    REQUIRE(worst_error(bench.download(on_c), expected, tolerances::sum(k + 1)) <= 1);
  }
}

TEST_CASE("a product with beta zero does not read what the output held") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto a = bench.normal(33, 65), b = bench.normal(65, 17);
  auto c = bench.upload(matrix(33, 17, std::nan("")));
  bench.ops().matmul(bench.on(), {bench.upload(a), transpose::no, bench.upload(b), transpose::no, c});
  REQUIRE(worst_error(bench.download(c), product(a, b), tolerances::sum(65)) <= 1);
}

TEST_CASE("a product over no terms is beta times the output") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto a = make_tensor(bench.on(), {4, 0}), b = make_tensor(bench.on(), {0, 6});
  auto c = bench.upload(matrix(4, 6, 8));
  bench.ops().matmul(bench.on(), {a, transpose::no, b, transpose::no, c, 1, 0.25f});
  REQUIRE(bench.download(c) == matrix(4, 6, 2));
  bench.ops().matmul(bench.on(), {a, transpose::no, b, transpose::no, c});
  REQUIRE(bench.download(c) == matrix(4, 6, 0));
}

TEST_CASE("a product without rows leaves everything alone") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto a = make_tensor(bench.on(), {0, 5}), b = bench.zeros({5, 6});
  auto c = make_tensor(bench.on(), {0, 6});
  REQUIRE_NOTHROW(bench.ops().matmul(bench.on(), {a, transpose::no, b, transpose::no, c}));
}

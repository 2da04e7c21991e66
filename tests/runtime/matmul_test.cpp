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

TEST_CASE("of a square product the part on and above the diagonal can be had alone") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool turn_a = GENERATE(false, true), turn_b = GENERATE(false, true);
  const auto beta = GENERATE(0.0f, 0.75f);
  for (const std::int64_t n : {1, 33, 64, 65, 130, 256, 300}) {
    constexpr std::int64_t k = 96;
    CAPTURE(turn_a, turn_b, beta, n);
    const auto a = bench.normal(n, k), b = bench.normal(k, n), c = bench.normal(n, n);
    const auto on_a = bench.upload(turn_a ? transposed(a) : a), on_b = bench.upload(turn_b ? transposed(b) : b);
    auto upper = bench.upload(c);
    bench.ops().matmul(bench.on(), {.a = on_a,
                                    .transpose_a = transpose{turn_a},
                                    .b = on_b,
                                    .transpose_b = transpose{turn_b},
                                    .c = upper,
                                    .beta = beta,
                                    .upper = true});
    auto got = bench.download(upper), expected = scaled_sum(1, product(a, b), double{beta}, c);
    for (std::int64_t row = 0; row < n; ++row)
      for (std::int64_t column = 0; column < row; ++column) got(row, column) = expected(row, column) = 0;
    REQUIRE(worst_error(got, expected, tolerances::sum(k + 1)) <= 1);
  }
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

TEST_CASE("bias and ReLU after a product equal the reference, and a NaN stays one") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool with_bias = GENERATE(false, true), with_relu = GENERATE(false, true);
  const auto beta = GENERATE(0.0f, 0.5f);
  for (const auto& [m, n, k] : product_cases) {
    CAPTURE(with_bias, with_relu, beta, m, n, k);
    auto a = bench.normal(m, k);
    if (m > 1) a(1, 0) = std::nan("");
    const auto b = bench.normal(k, n), c = bench.normal(m, n), bias = bench.normal(1, n);
    const auto on_a = bench.upload(a), on_b = bench.upload(b), on_bias = bench.upload(bias);
    auto on_c = bench.upload(c);
    bench.ops().matmul(bench.on(), {.a = on_a,
                                    .transpose_a = transpose::no,
                                    .b = on_b,
                                    .transpose_b = transpose::no,
                                    .c = on_c,
                                    .beta = beta,
                                    .bias = with_bias ? &on_bias : nullptr,
                                    .relu = with_relu});
    auto expected = scaled_sum(1, product(a, b), double{beta}, c);
    for (std::int64_t r = 0; r < m; ++r)
      for (std::int64_t column = 0; column < n; ++column) {
        auto& each = expected(r, column);
        if (with_bias) each += bias(0, column);
        if (with_relu && !std::isnan(each)) each = reference::relu(each);
      }
    REQUIRE(worst_error(bench.download(on_c), expected, tolerances::sum(k + 2)) <= 1);
  }
}

TEST_CASE("a product over no terms still gets its bias and ReLU") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto a = make_tensor(bench.on(), {2, 0}), b = make_tensor(bench.on(), {0, 3});
  matrix bias(1, 3);
  bias(0, 0) = -1, bias(0, 1) = 2, bias(0, 2) = 0.5;
  const auto on_bias = bench.upload(bias);
  auto c = bench.upload(matrix(2, 3, 8));
  bench.ops().matmul(bench.on(), {.a = a,
                                  .transpose_a = transpose::no,
                                  .b = b,
                                  .transpose_b = transpose::no,
                                  .c = c,
                                  .bias = &on_bias,
                                  .relu = true});
  const auto got = bench.download(c);
  for (std::int64_t r = 0; r < 2; ++r) {
    REQUIRE(got(r, 0) == 0);
    REQUIRE(got(r, 1) == 2);
    REQUIRE(got(r, 2) == 0.5);
  }
}

TEST_CASE("a product of gradients gives the sums of its first factor as well") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto beta = GENERATE(0.0f, 1.0f); // of the product alone: the sums overwrite
  for (const auto& [m, n, k] : product_cases) {
    CAPTURE(beta, m, n, k);
    const auto dy = bench.normal(k, m), x = bench.normal(k, n), before = bench.normal(m, n);
    const auto on_dy = bench.upload(dy), on_x = bench.upload(x);
    auto dw = bench.upload(before), sums = bench.upload(matrix(m, 1, std::nan("")), {m});
    bench.ops().matmul(bench.on(), {.a = on_dy,
                                    .transpose_a = transpose::yes,
                                    .b = on_x,
                                    .transpose_b = transpose::no,
                                    .c = dw,
                                    .beta = beta,
                                    .sums_of_a = &sums});
    matrix expected_sums(m, 1);
    for (std::int64_t row = 0; row < k; ++row)
      for (std::int64_t i = 0; i < m; ++i) expected_sums(i, 0) += dy(row, i);
    REQUIRE(worst_error(bench.download(sums), expected_sums, tolerances::sum(k)) <= 1);
    const auto expected = scaled_sum(1, product(transposed(dy), x), double{beta}, before);
    REQUIRE(worst_error(bench.download(dw), expected, tolerances::sum(k + 1)) <= 1);
  }
}

TEST_CASE("a guard that is not finite leaves the output of a product as it is") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto guard_value = GENERATE(std::nanf(""), -std::numeric_limits<float>::infinity(), 2.5f);
  const auto beta = GENERATE(0.0f, 0.75f);
  const bool applied = std::isfinite(guard_value);
  for (const auto inner : {std::int64_t{0}, std::int64_t{40}}) {
    CAPTURE(guard_value, beta, inner);
    auto a = bench.normal(inner, 30);
    const auto b = bench.normal(inner, 260), before = bench.normal(30, 260);
    if (!applied && inner > 0) a(3, 4) = std::nan("");
    const auto guard = bench.scalar(guard_value);
    const auto on_a = bench.upload(a), on_b = bench.upload(b);
    auto c = bench.upload(before);
    bench.ops().matmul(bench.on(), {.a = on_a,
                                    .transpose_a = transpose::yes,
                                    .b = on_b,
                                    .transpose_b = transpose::no,
                                    .c = c,
                                    .beta = beta,
                                    .guard = &guard});
    if (applied) {
      const auto expected =
        scaled_sum(1, inner > 0 ? product(transposed(a), b) : matrix(30, 260), double{beta}, before);
      REQUIRE(worst_error(bench.download(c), expected, tolerances::sum(40)) <= 1);
    } else {
      REQUIRE(bench.download(c) == before);
    }
  }
}

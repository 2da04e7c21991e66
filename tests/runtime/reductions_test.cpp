#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

struct products {
  double ab = 0, aa = 0, bb = 0;
};

products of(const matrix& a, const matrix& b) {
  products sum;
  for (std::size_t i = 0; i < a.at.size(); ++i) {
    sum.ab += a.at[i] * b.at[i];
    sum.aa += a.at[i] * a.at[i];
    sum.bb += b.at[i] * b.at[i];
  }
  return sum;
}

} // namespace

TEST_CASE("agreement and sum of squares equal the reference at any length") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const std::int64_t count : {1, 2, 7, 8, 31, 4095, 4096, 4097, 65536, 200001}) {
    CAPTURE(count);
    const auto a = bench.normal(1, count), b = bench.normal(1, count);
    const auto on_a = bench.upload(a), on_b = bench.upload(b);
    auto three = bench.zeros({3}), one = bench.zeros({1});
    bench.ops().agreement(bench.on(), on_a, on_b, three);
    bench.ops().sum_squares(bench.on(), on_a, one);
    const auto got = bench.download(three);
    const auto expected = of(a, b);
    const auto size = std::sqrt(expected.aa * expected.bb); // what a cosine divides by
    REQUIRE(std::abs(got.at[0] - expected.ab) / size < 1e-6);
    REQUIRE(got.at[1] == Approx(expected.aa).epsilon(tolerances::blocked_sum.relative));
    REQUIRE(got.at[2] == Approx(expected.bb).epsilon(tolerances::blocked_sum.relative));
    REQUIRE(bench.download_scalar(one) == Approx(expected.aa).epsilon(tolerances::blocked_sum.relative));
  }
}

TEST_CASE("a vector agrees with itself by its square, and with its opposite by the negative") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  auto a = bench.normal(1, 1000);
  const auto on_a = bench.upload(a);
  for (auto& each : a.at) each = -each;
  auto same = bench.zeros({3}), opposite = bench.zeros({3});
  bench.ops().agreement(bench.on(), on_a, on_a, same);
  bench.ops().agreement(bench.on(), on_a, bench.upload(a), opposite);
  REQUIRE(bench.download(same).at[0] == bench.download(same).at[1]);
  REQUIRE(bench.download(opposite).at[0] == -bench.download(same).at[0]);
}

TEST_CASE("one element that is not finite makes the sums not finite") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto bad = GENERATE(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity());
  for (const std::size_t where : {std::size_t{0}, std::size_t{4095}, std::size_t{5000}}) {
    CAPTURE(bad, where);
    auto a = bench.normal(1, 5001);
    const auto b = bench.normal(1, 5001);
    a.at[where] = bad;
    auto three = bench.zeros({3}), one = bench.zeros({1});
    bench.ops().agreement(bench.on(), bench.upload(a), bench.upload(b), three);
    bench.ops().sum_squares(bench.on(), bench.upload(a), one);
    const auto got = bench.download(three);
    REQUIRE_FALSE(std::isfinite(got.at[0]));
    REQUIRE_FALSE(std::isfinite(got.at[1]));
    REQUIRE(std::isfinite(got.at[2]));
    REQUIRE_FALSE(std::isfinite(bench.download_scalar(one)));
  }
}

// How far products may be from their references in each precision: |out - reference| / |reference|, both norms.
#include "runtime/cuda/cuda_devices.hpp"
#include "tests/runtime/cuda/gpu_under_test.hpp"
#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

struct precision_limit {
  cuda_precision precision;
  double relative_norm;
};

// 24, 11 and 8 bits of fraction in the factors, whose errors largely cancel in a sum.
const std::vector<precision_limit> limits = {
  {cuda_precision::f32, 1e-5}, {cuda_precision::tf32, 2e-3}, {cuda_precision::bf16, 1e-2}};

double norm(const matrix& of) {
  double sum = 0;
  for (const auto each : of.at) sum += each * each;
  return std::sqrt(sum);
}

matrix difference(const matrix& a, const matrix& b) {
  auto out = a;
  for (std::size_t i = 0; i < out.at.size(); ++i) out.at[i] -= b.at[i];
  return out;
}

} // namespace

TEST_CASE("a product in each precision is as near to its reference as that precision promises") {
  for (const auto& [precision, limit] : limits) {
    const auto where = make_gpu_or_skip({.precision = precision});
    auto& on = where->make_stream();
    random_source random(5, 1);
    const auto normal = [&](std::int64_t rows, std::int64_t columns) {
      matrix out(rows, columns);
      for (auto& each : out.at) each = static_cast<double>(static_cast<float>(random.normal()));
      return out;
    };
    const auto upload = [&](const matrix& values) {
      const std::vector<float> rounded(values.at.begin(), values.at.end());
      auto out = make_tensor(on, {values.rows, values.columns});
      where->ops().upload(on, rounded.data(), out);
      return out;
    };
    for (const auto& [m, n, k] : {std::array{256, 256, 784}, std::array{64, 10, 256}, std::array{33, 65, 129}}) {
      CAPTURE(static_cast<int>(precision), m, n, k);
      const auto a = normal(m, k), b = normal(k, n);
      const auto on_a = upload(a), on_b = upload(b);
      auto c = make_tensor(on, {m, n}), seen = make_host_visible_tensor(on, {m, n});
      where->ops().matmul(on, {on_a, transpose::no, on_b, transpose::no, c});
      where->ops().copy(on, c, seen);
      where->synchronize();
      matrix got(m, n);
      for (std::size_t i = 0; i < got.at.size(); ++i) got.at[i] = static_cast<double>(seen.f32()[i]);
      const auto expected = product(a, b);
      const auto error = norm(difference(got, expected)) / norm(expected);
      REQUIRE(error <= limit);
      if (precision != cuda_precision::f32) REQUIRE(error > 1e-6); // the narrower type was used
    }
  }
}

TEST_CASE("the library's own rate is measured, and narrower factors are multiplied faster") {
  make_gpu_or_skip({});
  const auto rate = [](cuda_precision precision) {
    product_rate_request request{.on = {}, .side = 4096, .seconds = 0.05};
    request.on.precision = precision;
    const auto measured = measure_product_rate(request);
    REQUIRE(measured);
    return *measured;
  };
  REQUIRE(rate(cuda_precision::f32) > 1e11);
  REQUIRE(rate(cuda_precision::bf16) > 1.5 * rate(cuda_precision::f32));
}

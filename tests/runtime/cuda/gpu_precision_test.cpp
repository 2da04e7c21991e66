// How far products may be from their references in each precision: |out - reference| / |reference|, both norms.
#include "runtime/cuda/cuda_devices.hpp"
#include "tests/runtime/cuda/gpu_under_test.hpp"
#include "tests/runtime/device_under_test.hpp"
#include "tests/runtime/transformer_reference.hpp"

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

class gpu_in_precision {
public:
  explicit gpu_in_precision(cuda_precision precision) : where_(make_gpu_or_skip({.precision = precision})) {}

  stream& on() { return on_; }
  operators& ops() { return where_->ops(); }
  matrix normal(std::int64_t rows, std::int64_t columns) {
    matrix out(rows, columns);
    for (auto& each : out.at) each = static_cast<double>(static_cast<float>(random_.normal()));
    return out;
  }
  tensor upload(const matrix& values, shape extents) {
    const std::vector<float> rounded(values.at.begin(), values.at.end());
    auto out = make_tensor(on_, extents);
    ops().upload(on_, rounded.data(), out);
    return out;
  }
  matrix download(const tensor& values) {
    auto seen = make_host_visible_tensor(on_, values.extents());
    ops().copy(on_, values, seen);
    where_->synchronize();
    matrix out(values.rows(), values.columns());
    for (std::size_t i = 0; i < out.at.size(); ++i) out.at[i] = static_cast<double>(seen.f32()[i]);
    return out;
  }

private:
  std::unique_ptr<device> where_;
  stream& on_ = where_->make_stream();
  random_source random_{5, 1};
};

double relative_error(const matrix& got, const matrix& expected) {
  return norm(difference(got, expected)) / norm(expected);
}

constexpr double whole_floats = 1e-6; // an error above tells that factors were rounded to a narrower type

} // namespace

TEST_CASE("a product in each precision is as near to its reference as that precision promises") {
  for (const auto& [precision, limit] : limits) {
    gpu_in_precision gpu(precision);
    for (const auto& [m, n, k] : {std::array{256, 256, 784}, std::array{64, 10, 256}, std::array{33, 65, 129}}) {
      CAPTURE(static_cast<int>(precision), m, n, k);
      const auto a = gpu.normal(m, k), b = gpu.normal(k, n);
      const auto on_a = gpu.upload(a, {m, k}), on_b = gpu.upload(b, {k, n});
      auto c = make_tensor(gpu.on(), {m, n});
      gpu.ops().matmul(gpu.on(), {on_a, transpose::no, on_b, transpose::no, c});
      const auto error = relative_error(gpu.download(c), product(a, b));
      REQUIRE(error <= limit);
      if (precision != cuda_precision::f32) REQUIRE(error > whole_floats);
    }
  }
}

TEST_CASE("an exact product has whole floats for factors in every precision") {
  for (const auto& each : limits) {
    gpu_in_precision gpu(each.precision);
    const auto a = gpu.normal(256, 784), b = gpu.normal(784, 256);
    const auto on_a = gpu.upload(a, {256, 784}), on_b = gpu.upload(b, {784, 256});
    auto c = make_tensor(gpu.on(), {256, 256});
    gpu.ops().matmul(
      gpu.on(),
      {.a = on_a, .transpose_a = transpose::no, .b = on_b, .transpose_b = transpose::no, .c = c, .exact = true});
    CAPTURE(static_cast<int>(each.precision));
    REQUIRE(relative_error(gpu.download(c), product(a, b)) <= limits.front().relative_norm);
  }
}

TEST_CASE("attention in each precision is as near to its reference as a few such products") {
  constexpr double products_in_turn = 4;
  for (const auto& [precision, limit] : limits) {
    gpu_in_precision gpu(precision);
    const reference::attention_shape of{2, 160, 2, 32, true};
    const auto qkv = gpu.normal(of.rows(), 3 * of.features()), dy = gpu.normal(of.rows(), of.features());
    const auto packed = gpu.upload(qkv, {of.batch, of.context, 3 * of.features()}),
               above = gpu.upload(dy, {of.batch, of.context, of.features()});
    auto y = make_tensor(gpu.on(), above.extents()), dqkv = make_tensor(gpu.on(), packed.extents()),
         log_sum_exp = make_tensor(gpu.on(), {of.batch, of.heads, of.context});
    gpu.ops().attention(gpu.on(),
                        {.qkv = packed, .y = y, .log_sum_exp = &log_sum_exp, .heads = of.heads, .causal = of.causal});
    gpu.ops().attention_backward(gpu.on(), {.dy = above,
                                            .qkv = packed,
                                            .y = y,
                                            .log_sum_exp = log_sum_exp,
                                            .dqkv = dqkv,
                                            .heads = of.heads,
                                            .causal = of.causal});
    CAPTURE(static_cast<int>(precision));
    const auto error = relative_error(gpu.download(y), reference::attention(of, qkv).y);
    REQUIRE(error <= products_in_turn * limit);
    if (precision != cuda_precision::f32) REQUIRE(error > whole_floats);
    REQUIRE(relative_error(gpu.download(dqkv), reference::attention_backward(of, dy, qkv)) <= products_in_turn * limit);
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

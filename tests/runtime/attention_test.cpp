#include "tests/runtime/device_under_test.hpp"
#include "tests/runtime/transformer_reference.hpp"

using namespace syngrad;
using reference::attention_shape;
using reference::matrix;

namespace {

struct attended {
  tensor y, log_sum_exp;
};

attended attend(device_under_test& bench, const attention_shape& of, const tensor& qkv) {
  attended out{bench.zeros({of.batch, of.context, of.features()}), bench.zeros({of.batch, of.heads, of.context})};
  bench.ops().attention(
    bench.on(), {.qkv = qkv, .y = out.y, .log_sum_exp = &out.log_sum_exp, .heads = of.heads, .causal = of.causal});
  return out;
}

tensor attend_backward(device_under_test& bench, const attention_shape& of, const matrix& dy, const tensor& qkv,
                       const attended& forward) {
  auto dqkv = bench.zeros({of.batch, of.context, 3 * of.features()});
  bench.ops().attention_backward(bench.on(), {.dy = bench.upload(dy, {of.batch, of.context, of.features()}),
                                              .qkv = qkv,
                                              .y = forward.y,
                                              .log_sum_exp = forward.log_sum_exp,
                                              .dqkv = dqkv,
                                              .heads = of.heads,
                                              .causal = of.causal});
  return dqkv;
}

tensor upload_packed(device_under_test& bench, const attention_shape& of, const matrix& qkv) {
  return bench.upload(qkv, {of.batch, of.context, 3 * of.features()});
}

// One position and one feature, widths and contexts that fill no vector, and contexts around the blocks of the
// implementations.
std::vector<attention_shape> awkward_attention() {
  std::vector<attention_shape> all;
  for (const bool causal : {false, true})
    for (const auto& each : {attention_shape{1, 1, 1, 1, false},
                             {3, 1, 2, 5, false},
                             {2, 5, 1, 3, false},
                             {2, 16, 4, 16, false},
                             {1, 17, 3, 4, false},
                             {2, 64, 2, 8, false},
                             {1, 65, 2, 7, false},
                             {1, 96, 1, 32, false},
                             {1, 150, 2, 3, false},
                             {2, 260, 1, 4, false}}) {
      all.push_back(each);
      all.back().causal = causal;
    }
  return all;
}

} // namespace

TEST_CASE("attention equals the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& of : awkward_attention()) {
    CAPTURE(of.batch, of.context, of.heads, of.width, of.causal);
    const auto qkv = bench.normal(of.rows(), 3 * of.features());
    const auto got = attend(bench, of, upload_packed(bench, of, qkv));
    const auto expected = reference::attention(of, qkv);
    REQUIRE(worst_error(bench.download(got.y), expected.y, tolerances::attention) <= 1);
    matrix log_sum_exp(of.batch * of.heads, of.context);
    log_sum_exp.at = expected.log_sum_exp;
    REQUIRE(worst_error(bench.download(got.log_sum_exp), log_sum_exp, tolerances::attention) <= 1);
  }
}

TEST_CASE("the gradients of attention equal the reference") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& of : awkward_attention()) {
    CAPTURE(of.batch, of.context, of.heads, of.width, of.causal);
    const auto qkv = bench.normal(of.rows(), 3 * of.features()), dy = bench.normal(of.rows(), of.features());
    const auto packed = upload_packed(bench, of, qkv);
    const auto got = attend_backward(bench, of, dy, packed, attend(bench, of, packed));
    REQUIRE(worst_error(bench.download(got), reference::attention_backward(of, dy, qkv),
                        tolerances::attention_gradient) <= 1);
  }
}

TEST_CASE("the reference's gradient of attention equals finite differences") {
  device_under_test bench("cpu");
  for (const bool causal : {false, true}) {
    const attention_shape of{2, 4, 2, 3, causal};
    auto qkv = bench.normal(of.rows(), 3 * of.features());
    const auto dy = bench.normal(of.rows(), of.features());
    const auto loss = [&] {
      const auto y = reference::attention(of, qkv).y;
      double sum = 0;
      for (std::size_t i = 0; i < y.at.size(); ++i) sum += dy.at[i] * y.at[i];
      return sum;
    };
    matrix expected(qkv.rows, qkv.columns);
    constexpr auto h = tolerances::difference_step;
    for (std::size_t i = 0; i < qkv.at.size(); ++i) {
      const auto middle = qkv.at[i];
      qkv.at[i] = middle + h;
      const auto above = loss();
      qkv.at[i] = middle - h;
      expected.at[i] = (above - loss()) / (2 * h);
      qkv.at[i] = middle;
    }
    REQUIRE(worst_error(reference::attention_backward(of, dy, qkv), expected, tolerances::finite_difference) <= 1);
  }
}

TEST_CASE("without its sums attention is the same") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const attention_shape of{2, 70, 2, 5, true};
  const auto qkv = upload_packed(bench, of, bench.normal(of.rows(), 3 * of.features()));
  auto y = bench.zeros({of.batch, of.context, of.features()});
  bench.ops().attention(bench.on(), {.qkv = qkv, .y = y, .heads = of.heads, .causal = true});
  REQUIRE(bench.download(y) == bench.download(attend(bench, of, qkv).y));
}

TEST_CASE("what comes later changes nothing of causal attention before it") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const attention_shape of{1, 140, 2, 6, true};
  auto qkv = bench.normal(of.rows(), 3 * of.features());
  const auto before = bench.download(attend(bench, of, upload_packed(bench, of, qkv)).y);
  for (std::int64_t r = 100; r < of.rows(); ++r)
    for (std::int64_t c = 0; c < qkv.columns; ++c) qkv(r, c) = -2 * qkv(r, c) + 1;
  const auto after = bench.download(attend(bench, of, upload_packed(bench, of, qkv)).y);
  for (std::int64_t r = 0; r < of.rows(); ++r) {
    CAPTURE(r);
    bool same = true;
    for (std::int64_t c = 0; c < of.features(); ++c) same = same && before(r, c) == after(r, c);
    REQUIRE(same == (r < 100));
  }
}

TEST_CASE("scores of a hundred and more do not overflow, and a row may attend to one position alone") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const attention_shape of{1, 20, 1, 4, false};
  auto qkv = bench.normal(of.rows(), 12);
  for (std::int64_t r = 0; r < 20; ++r)
    for (std::int64_t c = 0; c < 8; ++c) qkv(r, c) *= 20;
  const auto packed = upload_packed(bench, of, qkv);
  const auto forward = attend(bench, of, packed);
  const auto expected = reference::attention(of, bench.download(packed)); // of the numbers as floats
  REQUIRE(*std::max_element(expected.log_sum_exp.begin(), expected.log_sum_exp.end()) > 500);
  REQUIRE(worst_error(bench.download(forward.y), expected.y, tolerances::attention_of_large_scores) <= 1);
}

TEST_CASE("a NaN stays in its sample and head") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const attention_shape of{2, 21, 2, 5, false};
  auto qkv = bench.normal(of.rows(), 3 * of.features());
  qkv(3, 1) = std::nan(""); // a query of head 0 of sample 0
  const auto packed = upload_packed(bench, of, qkv);
  const auto forward = attend(bench, of, packed);
  const auto y = bench.download(forward.y);
  for (std::int64_t r = 0; r < of.rows(); ++r)
    for (std::int64_t c = 0; c < of.features(); ++c) REQUIRE(std::isnan(y(r, c)) == (r == 3 && c < of.width));
  const auto dy = bench.normal(of.rows(), of.features());
  const auto gradient = bench.download(attend_backward(bench, of, dy, packed, forward));
  REQUIRE(std::isnan(gradient(3, 1)));
  for (std::int64_t r = 0; r < of.rows(); ++r)
    for (std::int64_t c = 0; c < 3 * of.features(); ++c)
      if (r >= of.context || c % of.features() >= of.width) REQUIRE(std::isfinite(gradient(r, c)));
}

#include "runtime/dropout_generator.hpp"
#include "runtime/philox.hpp"
#include "tests/runtime/device_under_test.hpp"

#include <cmath>

using namespace syngrad;
using reference::matrix;

namespace {

constexpr std::uint64_t generator_key = 0xfedc'ba98'7654'3210;

tensor generator_at(device_under_test& bench, std::uint64_t batch) {
  matrix numbers(1, dropout_generator::numbers);
  float state[dropout_generator::numbers];
  dropout_generator{generator_key, batch}.write(state);
  numbers.at.assign(state, state + dropout_generator::numbers);
  return bench.upload(numbers);
}

// Whether element i of that batch is kept, word by word.
bool is_kept(std::int64_t i, std::uint64_t batch, float rate) {
  const auto counter = static_cast<std::uint64_t>(i / 64 * 16 + i % 16);
  const auto word = philox(counter, batch, generator_key).at[i % 64 / 16];
  return static_cast<double>(word) >= std::floor(static_cast<double>(rate) * 4294967296.0);
}

struct dropped {
  tensor mask, y;
};

dropped drop(device_under_test& bench, const tensor& x, float rate, tensor& generator) {
  dropped out{make_tensor(bench.on(), x.extents(), dtype::u8), bench.zeros(x.extents())};
  bench.ops().dropout(bench.on(), {.x = x, .rate = rate, .generator = generator, .mask = out.mask, .y = out.y});
  return out;
}

} // namespace

TEST_CASE("dropout keeps the elements that the generator's words say, and counts its batches") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto rate = GENERATE(0.0f, 0.1f, 0.5f, 0.999f);
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rate, rows, columns);
    const std::uint64_t first = 0xffff; // a carry follows
    auto generator = generator_at(bench, first);
    const auto x = bench.normal(rows, columns), dy = bench.normal(rows, columns);
    const auto on_x = bench.upload(x);
    for (auto batch = first; batch < first + 2; ++batch) {
      const auto got = drop(bench, on_x, rate, generator);
      auto dx = bench.zeros({rows, columns});
      bench.ops().dropout_backward(bench.on(), bench.upload(dy), got.mask, rate, dx);
      matrix mask(rows, columns), y(rows, columns), expected_dx(rows, columns);
      for (std::int64_t i = 0; i < rows * columns; ++i) {
        const auto at = static_cast<std::size_t>(i);
        mask.at[at] = is_kept(i, batch, rate);
        y.at[at] = mask.at[at] * x.at[at] / (1 - double{rate});
        expected_dx.at[at] = mask.at[at] * dy.at[at] / (1 - double{rate});
      }
      REQUIRE(bench.download(got.mask) == mask);
      REQUIRE(worst_error(bench.download(got.y), y, tolerances::elementwise) <= 1);
      REQUIRE(worst_error(bench.download(dx), expected_dx, tolerances::elementwise) <= 1);
    }
    REQUIRE(bench.download(generator) == bench.download(generator_at(bench, first + 2)));
  }
}

TEST_CASE("dropout drops its rate of the elements, each independently of its neighbour and of the batch before") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const float rate = 0.3f;
  const std::int64_t count = 100'000;
  auto generator = generator_at(bench, 0);
  const auto x = bench.upload(matrix(1, count, 1));
  const auto first = bench.download(drop(bench, x, rate, generator).mask),
             second = bench.download(drop(bench, x, rate, generator).mask);
  double kept = 0, with_neighbour = 0, in_both = 0;
  for (std::int64_t i = 0; i + 1 < count; ++i) {
    kept += first(0, i);
    with_neighbour += first(0, i) * first(0, i + 1);
    in_both += first(0, i) * second(0, i);
  }
  const auto part = 1 - double{rate}, n = static_cast<double>(count);
  REQUIRE(std::abs(kept / n - part) < 5 * std::sqrt(part * rate / n)); // five deviations
  REQUIRE(std::abs(with_neighbour / n - part * part) < 5 / std::sqrt(n));
  REQUIRE(std::abs(in_both / n - part * part) < 5 / std::sqrt(n));
}

TEST_CASE("dropout passes a NaN on where it keeps it, in both directions") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  auto generator = generator_at(bench, 3);
  const auto x = bench.upload(matrix(1, 100, std::nan("")));
  const auto got = drop(bench, x, 0.5f, generator);
  auto dx = bench.zeros({1, 100});
  bench.ops().dropout_backward(bench.on(), x, got.mask, 0.5f, dx);
  const auto mask = bench.download(got.mask), y = bench.download(got.y), below = bench.download(dx);
  for (std::int64_t i = 0; i < 100; ++i) {
    REQUIRE(std::isnan(y(0, i)) == (mask(0, i) == 1));
    REQUIRE(std::isnan(below(0, i)) == (mask(0, i) == 1));
  }
}

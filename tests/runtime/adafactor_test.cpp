// Adafactor's step against its formula in double, and the inverse of a shifted matrix against its definition.
#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

// As torch.optim.Adafactor writes it down, in double.
struct plain_adafactor {
  plain_adafactor(const matrix& start, bool is_matrix)
    : value(start), rows(start.rows), columns(start.columns), factored(is_matrix), row_means(1, rows),
      column_means(1, columns) {}

  void step(const matrix& gradient, double scale, double rate, double decay, double clip, int number) {
    const auto share = std::pow(number, -0.8), least = 0x1p-23;
    const auto g = [&](std::int64_t r, std::int64_t c) { return scale * gradient(r, c); };
    for (std::int64_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (std::int64_t c = 0; c < columns; ++c) sum += g(r, c) * g(r, c);
      row_means(0, r) += share * (sum / static_cast<double>(columns) - row_means(0, r));
    }
    for (std::int64_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (std::int64_t r = 0; r < rows; ++r) sum += g(r, c) * g(r, c);
      column_means(0, c) += share * (sum / static_cast<double>(rows) - column_means(0, c));
    }
    double mean = 0;
    for (const auto each : row_means.at) mean += each / static_cast<double>(rows);
    auto update = gradient;
    double squares = 0, own = 0;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c) {
        const auto v = factored ? row_means(0, r) * column_means(0, c) / std::max(mean, least) : column_means(0, c);
        update(r, c) = g(r, c) / std::sqrt(std::max(v, least * least));
        squares += update(r, c) * update(r, c);
        own += value(r, c) * value(r, c);
      }
    const auto count = static_cast<double>(rows * columns);
    const auto alpha = std::max(1e-3, std::sqrt(own / count)) * rate / std::max(1.0, std::sqrt(squares / count) / clip);
    for (std::size_t i = 0; i < value.at.size(); ++i)
      value.at[i] = (1 - rate * decay) * value.at[i] - alpha * update.at[i];
  }

  matrix value;
  std::int64_t rows, columns;
  bool factored;
  matrix row_means, column_means;
};

struct stepped_adafactor {
  stepped_adafactor(device_under_test& its_bench, const matrix& start, bool is_matrix)
    : bench(its_bench), value(bench.upload(start)), rows(bench.zeros({start.rows})),
      columns(bench.zeros({start.columns})), nonfinite(bench.scalar(0)), factored(is_matrix) {}

  step_arguments arguments(const tensor& gradient, float decay = 0) {
    return {value, gradient, 0.25f, 0.02f, decay, nullptr, &nonfinite};
  }
  void step(const step_arguments& of, int number) {
    bench.ops().adafactor_step(bench.on(), of, factored ? &rows : nullptr, columns, 1, number);
  }

  device_under_test& bench;
  tensor value, rows, columns, nonfinite;
  bool factored;
};

} // namespace

TEST_CASE("Adafactor equals its formula over several steps, of matrices and of vectors, also with numbers in memory") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto decay = GENERATE(0.0f, 0.1f);
  const bool in_memory = GENERATE(false, true);
  for (const auto& [rows, columns] : {extent{1, 1}, {1, 37}, {1, 3000}, {5, 1}, {16, 64}, {70, 33}, {300, 5}}) {
    for (const bool is_matrix : {false, true}) {
      if (!is_matrix && rows > 1) continue;
      CAPTURE(rows, columns, is_matrix, decay, in_memory);
      auto start = bench.normal(rows, columns);
      if (columns == 37) start = matrix(rows, columns); // the scale of a parameter of zeros is the least
      plain_adafactor expected(start, is_matrix);
      stepped_adafactor state(bench, start, is_matrix);
      auto uploaded = make_tensor(bench.on(), {sizeof(step_numbers)}, dtype::u8);
      for (int step = 1; step <= 4; ++step) {
        auto gradient = bench.normal(rows, columns);
        if (step == 3)
          for (auto& each : gradient.at) each *= 40; // is clipped
        const auto on_gradient = bench.upload(gradient);
        auto now = state.arguments(on_gradient, decay);
        if (in_memory) {
          auto numbers = numbers_of_step(now);
          set_adafactor_numbers(numbers, decay, step);
          bench.ops().upload(bench.on(), &numbers, uploaded);
          now.scale = now.learning_rate = 0;
          now.numbers = &uploaded;
        }
        state.step(now, in_memory ? 0 : step);
        expected.step(gradient, 0.25, double{0.02f}, double{decay}, 1, step);
      }
      REQUIRE(worst_error(bench.download(state.value), expected.value, tolerances::optimizer) <= 3);
      REQUIRE(bench.download(state.columns).at.size() == static_cast<std::size_t>(columns));
      for (std::int64_t c = 0; c < columns; ++c)
        REQUIRE(bench.download(state.columns).at[static_cast<std::size_t>(c)] ==
                Approx(expected.column_means(0, c)).epsilon(1e-5));
      REQUIRE(bench.download_scalar(state.nonfinite) == 0);
      if (columns > 1000) break; // slow to compare, and the same as what follows
    }
  }
}

TEST_CASE("Adafactor takes what it cannot apply for zeros, and does nothing where a guard or the norm forbids it") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool is_matrix = GENERATE(false, true);
  const std::int64_t rows = is_matrix ? 40 : 1, columns = is_matrix ? 50 : 2000;
  const auto start = bench.normal(rows, columns);
  stepped_adafactor state(bench, start, is_matrix);
  auto gradient = bench.normal(rows, columns);
  auto without = gradient;
  gradient(0, 7) = std::numeric_limits<double>::quiet_NaN();
  gradient(rows - 1, 30) = 1e30;
  without(0, 7) = without(rows - 1, 30) = 0;
  const auto on_gradient = bench.upload(gradient);
  const auto bad = bench.scalar(std::nanf("")), good = bench.scalar(1e30f);
  auto now = state.arguments(on_gradient);
  now.guard = &bad;
  state.step(now, 1);
  REQUIRE(bench.download(state.value) == start);
  REQUIRE(bench.download_scalar(state.nonfinite) == 0);
  now.guard = &good;
  now.squared_norm = &bad;
  now.largest_norm = 1;
  state.step(now, 1);
  REQUIRE(bench.download(state.value) == start);
  for (const auto each : bench.download(state.columns).at) REQUIRE(each == 0);
  REQUIRE(bench.download_scalar(state.nonfinite) == 2);
  now.squared_norm = nullptr;
  state.step(now, 1);
  REQUIRE(bench.download_scalar(state.nonfinite) == 4);
  plain_adafactor expected(start, is_matrix);
  expected.step(without, 0.25, double{0.02f}, 0, 1, 1);
  REQUIRE(worst_error(bench.download(state.value), expected.value, tolerances::optimizer) <= 3);
  REQUIRE(bench.download(state.value)(0, 7) == start(0, 7));
}

TEST_CASE("a shifted inverse times its matrix is the identity") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const std::int64_t n : {1, 2, 7, 16, 48, 49, 64, 100, 150}) {
    CAPTURE(n);
    const auto x = bench.normal(n, n + 3);
    matrix square(n, n);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        for (std::int64_t k = 0; k < n + 3; ++k) square(i, j) += x(i, k) * x(j, k) / static_cast<double>(n * n);
    const auto on_square = bench.upload(square);
    const auto earlier = bench.normal(n, n);
    auto sum = bench.upload(earlier);
    const float shift = 0.01f;
    bench.ops().add_shifted_inverse(bench.on(), on_square, shift, 0.5f, sum);
    const auto found = bench.download(sum), kept = bench.download(on_square);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) {
        double product = 0;
        for (std::int64_t k = 0; k < n; ++k)
          product += (kept(i, k) + (i == k ? double{shift} : 0)) * 2 * (found(k, j) - earlier(k, j));
        REQUIRE(product == Approx(i == j ? 1 : 0).margin(1e-3));
      }
  }
}

TEST_CASE("a matrix that has no inverse leaves the sum of inverses as it is") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const std::int64_t n = GENERATE(3, 80);
  auto square = bench.normal(n, n);
  square(1, 1) = std::numeric_limits<double>::quiet_NaN();
  const auto earlier = bench.normal(n, n);
  auto sum = bench.upload(earlier);
  bench.ops().add_shifted_inverse(bench.on(), bench.upload(square), 0.1f, 1, sum);
  REQUIRE(bench.download(sum) == earlier);
}

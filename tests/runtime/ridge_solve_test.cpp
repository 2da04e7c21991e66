#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

// A symmetric positive definite matrix of condition number some tens, rounded to float.
matrix positive_definite(device_under_test& bench, std::int64_t n) {
  const auto features = bench.normal(2 * n + 2, n);
  auto gram = product(transposed(features), features);
  for (auto& each : gram.at) each = static_cast<double>(static_cast<float>(each));
  return gram;
}

double mean_diagonal(const matrix& a) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.rows; ++i) sum += a(i, i);
  return sum / static_cast<double>(a.rows);
}

struct solved {
  matrix solution;
  double failed;
};

solved run(device_under_test& bench, const matrix& a, const matrix& b, ridge_weight ridge) {
  auto on_a = bench.upload(a), solution = bench.upload(matrix(b.rows, b.columns, -7)), failed = bench.scalar(5);
  const auto on_b = bench.upload(b);
  bench.ops().solve_ridge(bench.on(), on_a, on_b, ridge, solution, failed);
  REQUIRE(bench.download(on_b) == b);
  return {bench.download(solution), bench.download_scalar(failed)};
}

} // namespace

TEST_CASE("a ridge solution satisfies its equations") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto ridge = GENERATE(0.0f, 1e-3f, 0.5f);
  for (const auto& [n, m] : {extent{1, 1}, extent{2, 5}, extent{7, 1}, extent{33, 65}, extent{130, 40}}) {
    CAPTURE(ridge, n, m);
    const auto a = positive_definite(bench, n), b = bench.normal(n, m);
    const auto got = run(bench, a, b, ridge);
    REQUIRE(got.failed == 0);
    auto system = a;
    for (std::int64_t i = 0; i < n; ++i) system(i, i) += double{ridge} * mean_diagonal(a);
    const auto back = product(system, got.solution);
    REQUIRE(worst_error(back, b, {tolerances::solve_residual, tolerances::solve_residual}) <= 1);
  }
}

TEST_CASE("a ridge solve reads its matrix on and above the diagonal only") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [n, m] : {extent{2, 5}, extent{33, 65}, extent{130, 40}}) {
    const auto a = positive_definite(bench, n), b = bench.normal(n, m);
    auto upper = a;
    for (std::int64_t row = 0; row < n; ++row)
      for (std::int64_t column = 0; column < row; ++column) upper(row, column) = 7;
    REQUIRE(run(bench, upper, b, 1e-3f).solution == run(bench, a, b, 1e-3f).solution);
  }
}

TEST_CASE("a diagonal system is solved by division") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  matrix a(2, 2), b(2, 1);
  a(0, 0) = 1, a(1, 1) = 3, b(0, 0) = 4, b(1, 0) = 10;
  const auto got = run(bench, a, b, 0.5f); // adds half of the mean diagonal, 1
  REQUIRE(got.solution(0, 0) == Approx(2));
  REQUIRE(got.solution(1, 0) == Approx(2.5));
  const auto by_entry = run(bench, a, b, {0.5f, 1.0f}); // and as much as there is: 2 + 1 and 6 + 1
  REQUIRE(by_entry.solution(0, 0) == Approx(4.0 / 3));
  REQUIRE(by_entry.solution(1, 0) == Approx(10.0 / 7));
}

TEST_CASE("a ridge makes a singular system solvable") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto got = run(bench, matrix(3, 3, 1), matrix(3, 2, 3), 1e-3f);
  REQUIRE(got.failed == 0);
  REQUIRE(worst_error(got.solution, matrix(3, 2, 3 / 3.001), {1e-3, 1e-3}) <= 1);
}

TEST_CASE("where the factorisation fails or the result is not finite, the solution is kept and the failure reported") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto b = bench.normal(40, 9), good = positive_definite(bench, 40);
  const matrix kept(40, 9, -7);

  auto indefinite = good;
  indefinite(20, 20) = -1;
  REQUIRE(run(bench, indefinite, b, 0).failed == 1);
  REQUIRE(run(bench, indefinite, b, 0).solution == kept);

  auto broken = good;
  broken(11, 11) = std::nan("");
  REQUIRE(run(bench, broken, b, 1e-3f).failed == 1);
  REQUIRE(run(bench, broken, b, 1e-3f).solution == kept);

  auto infinite = b;
  infinite(39, 8) = std::numeric_limits<double>::infinity();
  REQUIRE(run(bench, good, infinite, 1e-3f).failed == 1);
  REQUIRE(run(bench, good, infinite, 1e-3f).solution == kept);
  REQUIRE(run(bench, good, b, 1e-3f).failed == 0);
}

TEST_CASE("a warm ridge solve takes nothing new from the device") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto a = positive_definite(bench, 30), b = bench.normal(30, 8);
  run(bench, a, b, 1e-3f);
  const auto before = bench.where().memory().counters().allocations;
  for (int i = 0; i < 5; ++i) run(bench, a, b, 1e-3f);
  REQUIRE(bench.where().memory().counters().allocations == before);
}

#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

constexpr double bad_element = std::numeric_limits<double>::quiet_NaN();

struct directed {
  directed(device_under_test& its_bench, std::int64_t count)
    : bench(its_bench), expected_velocity(bench.normal(1, count)), velocity(bench.upload(expected_velocity)),
      direction(bench.zeros({1, count})), value(bench.zeros({1, count})), nonfinite(bench.scalar(0)) {}

  step_arguments arguments(const tensor& gradient) { return {value, gradient, 0.25f, 0.1f, 0.5f, nullptr, &nonfinite}; }

  device_under_test& bench;
  matrix expected_velocity;
  tensor velocity, direction, value, nonfinite;
};

} // namespace

TEST_CASE("a direction looks ahead along the velocity, as the reference over several steps") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const std::int64_t count : {1, 7, 257, 1024, 1025, 5000}) {
    directed state(bench, count);
    for (int step = 0; step < 3; ++step) {
      CAPTURE(count, step);
      const auto gradient = bench.normal(1, count);
      auto expected = gradient;
      for (std::size_t i = 0; i < gradient.at.size(); ++i) {
        const auto g = 0.25 * gradient.at[i];
        auto& velocity = state.expected_velocity.at[i];
        velocity = double{0.95f} * velocity + g;
        expected.at[i] = g + double{0.95f} * velocity;
      }
      bench.ops().momentum_direction(bench.on(), state.arguments(bench.upload(gradient)), state.velocity, 0.95f,
                                     state.direction);
      REQUIRE(worst_error(bench.download(state.direction), expected, tolerances::optimizer) <= 1);
      REQUIRE(worst_error(bench.download(state.velocity), state.expected_velocity, tolerances::optimizer) <= 1);
    }
    REQUIRE(bench.download_scalar(state.nonfinite) == 0);
  }
}

TEST_CASE("without a gradient that can be applied the velocity stays, and is the direction") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const std::int64_t count = 2500;
  directed state(bench, count);
  auto gradient = bench.normal(1, count);
  gradient(0, 3) = bad_element;
  gradient(0, 1600) = 1e30; // too large to be squared
  const auto on_gradient = bench.upload(gradient);
  const auto stays = [&](std::int64_t i) {
    return bench.download(state.velocity)(0, i) == state.expected_velocity(0, i) &&
           bench.download(state.direction)(0, i) == Approx(0.5 * state.expected_velocity(0, i));
  };
  const auto step = [&](const tensor* guard, const tensor* norm) {
    auto arguments = state.arguments(on_gradient);
    arguments.guard = guard;
    arguments.squared_norm = norm;
    arguments.largest_norm = 1;
    bench.ops().momentum_direction(bench.on(), arguments, state.velocity, 0.5f, state.direction);
  };
  const auto nan = bench.scalar(std::nanf("")), good = bench.scalar(1);
  step(&nan, nullptr); // nothing is applied, nor counted
  for (const std::int64_t i : {0, 3, 1600, 2499}) REQUIRE(stays(i));
  REQUIRE(bench.download_scalar(state.nonfinite) == 0);
  step(nullptr, &nan); // counted
  for (const std::int64_t i : {0, 3, 1600, 2499}) REQUIRE(stays(i));
  REQUIRE(bench.download_scalar(state.nonfinite) == 2);
  step(&good, &good);
  for (const std::int64_t i : {3, 1600}) REQUIRE(stays(i));
  for (const std::int64_t i : {0, 2499}) REQUIRE_FALSE(stays(i));
  REQUIRE(bench.download_scalar(state.nonfinite) == 4);
}

TEST_CASE("the norm that a gradient is clipped to clips a direction as well, also with numbers in memory") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool in_memory = GENERATE(false, true);
  auto velocity = bench.scalar(0), direction = bench.scalar(0), value = bench.scalar(1);
  const auto gradient = bench.scalar(8), norm = bench.scalar(64);
  auto uploaded = make_tensor(bench.on(), {sizeof(step_numbers)}, dtype::u8);
  step_numbers numbers;
  numbers.scale = 0.5f;
  numbers.learning_rate = 0.1f;
  numbers.squared_norm = norm.f32();
  numbers.largest_norm = 2; // of 4
  bench.ops().upload(bench.on(), &numbers, uploaded);
  step_arguments arguments{value, gradient, in_memory ? 0.0f : 0.5f, in_memory ? 0.0f : 0.1f, 0.5f, nullptr, nullptr};
  if (in_memory) {
    arguments.numbers = &uploaded;
  } else {
    arguments.squared_norm = &norm;
    arguments.largest_norm = 2;
  }
  bench.ops().momentum_direction(bench.on(), arguments, velocity, 0.5f, direction);
  REQUIRE(bench.download_scalar(velocity) == Approx(2));
  REQUIRE(bench.download_scalar(direction) == Approx(3));
  bench.ops().direction_step(bench.on(), arguments, direction, 2);
  REQUIRE(bench.download_scalar(value) == Approx(1 - 0.1 * (2 * 3 + 0.5)));
}

TEST_CASE("a step along a direction decays the value and goes the rate times a factor") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto decay = GENERATE(0.0f, 0.5f);
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rows, columns, decay);
    const auto before = bench.normal(rows, columns), direction = bench.normal(rows, columns);
    auto value = bench.upload(before);
    const auto along = bench.upload(direction);
    auto expected = before;
    for (std::size_t i = 0; i < before.at.size(); ++i)
      expected.at[i] -= double{0.1f} * (1.5 * direction.at[i] + double{decay} * before.at[i]);
    bench.ops().direction_step(bench.on(), {value, value, 7, 0.1f, decay, nullptr, nullptr}, along, 1.5f);
    REQUIRE(worst_error(bench.download(value), expected, tolerances::optimizer) <= 1);
  }
}

TEST_CASE("a guard or a norm to clip by that is not finite stops a step along a direction") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto before = bench.normal(3, 40);
  auto value = bench.upload(before);
  const auto along = bench.normal(3, 40);
  const auto bad = bench.scalar(GENERATE(std::nanf(""), std::numeric_limits<float>::infinity()));
  step_arguments guarded{value, value, 1, 0.1f, 0.1f, &bad, nullptr},
    clipped{value, value, 1, 0.1f, 0.1f, nullptr, nullptr};
  clipped.squared_norm = &bad;
  clipped.largest_norm = 1;
  for (const auto& each : {guarded, clipped}) {
    bench.ops().direction_step(bench.on(), each, bench.upload(along), 1);
    REQUIRE(bench.download(value) == before);
  }
}

TEST_CASE("what is divided by its norm has norm one, or stays zero") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  for (const auto& [rows, columns] : awkward_shapes()) {
    CAPTURE(rows, columns);
    auto expected = bench.normal(rows, columns);
    auto x = bench.upload(expected), norm = bench.scalar(0);
    bench.ops().sum_squares(bench.on(), x, norm);
    bench.ops().divide_by_norm(bench.on(), norm, 1, 1e-7f, x);
    double squares = 0;
    for (const auto each : expected.at) squares += each * each;
    for (auto& each : expected.at) each /= std::sqrt(squares);
    REQUIRE(worst_error(bench.download(x), expected, tolerances::optimizer) <= 1);
    auto zero = bench.zeros({rows, columns});
    bench.ops().sum_squares(bench.on(), zero, norm);
    bench.ops().divide_by_norm(bench.on(), norm, 1, 1e-7f, zero);
    REQUIRE(bench.download(zero) == matrix(rows, columns));
  }
}

TEST_CASE("what is divided by a multiple of its norm, at least by one, has a bounded norm") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto large = GENERATE(false, true); // of norm 10, or 0.1
  const double element = large ? 5 : 0.05;
  auto x = bench.upload(matrix(2, 2, element)), norm = bench.scalar(0);
  bench.ops().sum_squares(bench.on(), x, norm);
  bench.ops().divide_by_norm(bench.on(), norm, 0.25f, 1, x); // to a norm of 4
  const auto got = bench.download(x);
  for (const auto each : got.at) REQUIRE(each == Approx(large ? 2 : element));
}

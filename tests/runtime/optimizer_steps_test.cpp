#include "tests/runtime/device_under_test.hpp"

using namespace syngrad;
using reference::matrix;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// What a step works on, on the device and as its reference.
struct stepped {
  stepped(device_under_test& its_bench, std::int64_t count)
    : bench(its_bench), expected{bench.normal(1, count), matrix(1, count), matrix(1, count)},
      value(bench.upload(expected.value)), first(bench.zeros({1, count})), second(bench.zeros({1, count})),
      nonfinite(bench.scalar(0)) {}

  step_arguments arguments(const tensor& gradient, float scale, float rate, float decay) {
    return {value, gradient, scale, rate, decay, nullptr, &nonfinite};
  }

  device_under_test& bench;
  reference::optimizer_state expected;
  tensor value, first, second, nonfinite;
};

const std::vector<std::int64_t> lengths = {1, 7, 8, 257, 1024, 1025, 5000};

} // namespace

TEST_CASE("SGD equals the reference over several steps") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto momentum = GENERATE(0.0f, 0.9f), decay = GENERATE(0.0f, 0.01f);
  const bool nesterov = GENERATE(false, true);
  for (const auto count : lengths) {
    CAPTURE(momentum, decay, nesterov, count);
    stepped state(bench, count);
    for (int step = 0; step < 3; ++step) {
      const auto gradient = bench.normal(1, count);
      const auto on_gradient = bench.upload(gradient);
      bench.ops().sgd_step(bench.on(), state.arguments(on_gradient, 0.25f, 0.1f, decay),
                           momentum == 0 ? nullptr : &state.first, momentum, nesterov);
      reference::sgd(state.expected, gradient, 0.25, double{0.1f}, double{decay}, double{momentum}, nesterov);
    }
    REQUIRE(worst_error(bench.download(state.value), state.expected.value, tolerances::optimizer) <= 1);
    REQUIRE(bench.download_scalar(state.nonfinite) == 0);
  }
}

TEST_CASE("Adam and AdamW equal the reference over several steps") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto decay = GENERATE(0.0f, 0.01f);
  const bool decoupled = GENERATE(false, true);
  for (const auto count : lengths) {
    CAPTURE(decay, decoupled, count);
    stepped state(bench, count);
    for (int step = 1; step <= 4; ++step) {
      const auto gradient = bench.normal(1, count);
      const auto on_gradient = bench.upload(gradient);
      bench.ops().adam_step(bench.on(), state.arguments(on_gradient, 0.25f, 0.01f, decay), state.first, state.second,
                            0.9f, 0.999f, 1e-8f, step, decoupled);
      reference::adam(state.expected, gradient, 0.25, double{0.01f}, double{decay}, double{0.9f}, double{0.999f}, 1e-8,
                      step, decoupled);
    }
    REQUIRE(worst_error(bench.download(state.value), state.expected.value, tolerances::optimizer) <= 1);
    REQUIRE(worst_error(bench.download(state.first), state.expected.first, tolerances::optimizer) <= 1);
    REQUIRE(worst_error(bench.download(state.second), state.expected.second, tolerances::optimizer) <= 1);
  }
}

TEST_CASE("NAdam equals the reference over several steps, also with numbers in memory") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto decay = GENERATE(0.0f, 0.01f);
  const bool in_memory = GENERATE(false, true);
  for (const auto count : lengths) {
    CAPTURE(decay, count, in_memory);
    stepped state(bench, count);
    auto uploaded = make_tensor(bench.on(), {sizeof(step_numbers)}, dtype::u8);
    for (int step = 1; step <= 4; ++step) {
      const auto gradient = bench.normal(1, count);
      const auto on_gradient = bench.upload(gradient);
      auto arguments = state.arguments(on_gradient, 0.25f, 0.01f, decay);
      if (in_memory) {
        step_numbers numbers;
        numbers.scale = 0.25f;
        numbers.learning_rate = 0.01f;
        set_nadam_numbers(numbers, decay, 0.9f, 0.999f, step);
        bench.ops().upload(bench.on(), &numbers, uploaded);
        arguments.scale = arguments.learning_rate = 0;
        arguments.numbers = &uploaded;
      }
      bench.ops().nadam_step(bench.on(), arguments, state.first, state.second, 0.9f, 0.999f, 1e-8f,
                             in_memory ? 0 : step);
      reference::nadam(state.expected, gradient, 0.25, double{0.01f}, double{decay}, double{0.9f}, double{0.999f}, 1e-8,
                       step);
    }
    REQUIRE(worst_error(bench.download(state.value), state.expected.value, tolerances::optimizer) <= 1);
    REQUIRE(worst_error(bench.download(state.first), state.expected.first, tolerances::optimizer) <= 1);
    REQUIRE(worst_error(bench.download(state.second), state.expected.second, tolerances::optimizer) <= 1);
  }
}

TEST_CASE("Lion equals the reference over several steps, and counts what it cannot apply") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto decay = GENERATE(0.0f, 0.01f);
  for (const auto count : lengths) {
    CAPTURE(decay, count);
    stepped state(bench, count);
    for (int step = 1; step <= 4; ++step) {
      auto gradient = bench.normal(1, count);
      if (count > 1000) gradient(0, 1000) = not_a_number;
      const auto on_gradient = bench.upload(gradient);
      bench.ops().lion_step(bench.on(), state.arguments(on_gradient, 0.25f, 0.01f, decay), state.first, 0.9f, 0.99f);
      for (std::int64_t i = 0; i < count; ++i) {
        if (count > 1000 && i == 1000) continue;
        const auto g = 0.25 * gradient(0, i);
        auto &value = state.expected.value(0, i), &moment = state.expected.first(0, i);
        const auto mean = double{0.9f} * moment + (1 - double{0.9f}) * g;
        value -= double{0.01f} * ((mean > 0) - (mean < 0) + double{decay} * value);
        moment = double{0.99f} * moment + (1 - double{0.99f}) * g;
      }
    }
    REQUIRE(worst_error(bench.download(state.value), state.expected.value, tolerances::optimizer) <= 1);
    REQUIRE(worst_error(bench.download(state.first), state.expected.first, tolerances::optimizer) <= 1);
    REQUIRE(bench.download_scalar(state.nonfinite) == (count > 1000 ? 4 : 0));
  }
}

TEST_CASE("two steps of momentum SGD come to the numbers worked out by hand") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  // value 1, gradient 2 then 4, scale 0.5, rate 0.1, momentum 0.5: velocity 1 then 2.5.
  const auto run = [&](bool nesterov) {
    auto value = bench.scalar(1), velocity = bench.scalar(0);
    const auto first = bench.scalar(2), second = bench.scalar(4);
    bench.ops().sgd_step(bench.on(), {value, first, 0.5f, 0.1f, 0, nullptr, nullptr}, &velocity, 0.5f, nesterov);
    bench.ops().sgd_step(bench.on(), {value, second, 0.5f, 0.1f, 0, nullptr, nullptr}, &velocity, 0.5f, nesterov);
    return bench.download_scalar(value);
  };
  REQUIRE(run(false) == Approx(1 - 0.1 * 1 - 0.1 * 2.5));
  REQUIRE(run(true) == Approx(1 - 0.1 * (1 + 0.5 * 1) - 0.1 * (2 + 0.5 * 2.5)));
}

TEST_CASE("two steps of Adam come to the numbers worked out by hand") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  // beta1 0.5, beta2 0.75, rate 0.1, gradients 1 then 3.
  // Step 1: m = 0.5, v = 0.25; corrected 1 and 1: the value falls by 0.1.
  // Step 2: m = 1.75, v = 2.4375; corrected by 0.75 and 0.4375: 7/3 / sqrt(39/7).
  auto value = bench.scalar(1), m = bench.scalar(0), v = bench.scalar(0);
  const auto one = bench.scalar(1), three = bench.scalar(3);
  bench.ops().adam_step(bench.on(), {value, one, 1, 0.1f, 0, nullptr, nullptr}, m, v, 0.5f, 0.75f, 1e-8f, 1, false);
  REQUIRE(bench.download_scalar(value) == Approx(0.9));
  bench.ops().adam_step(bench.on(), {value, three, 1, 0.1f, 0, nullptr, nullptr}, m, v, 0.5f, 0.75f, 1e-8f, 2, false);
  REQUIRE(bench.download_scalar(m) == 1.75);
  REQUIRE(bench.download_scalar(v) == 2.4375);
  REQUIRE(bench.download_scalar(value) == Approx(0.9 - 0.1 * (7.0 / 3) / std::sqrt(39.0 / 7)));
}

TEST_CASE("decoupled decay shrinks a value whose gradient is zero, coupled decay steps by the full rate") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto run = [&](bool decoupled) {
    auto value = bench.scalar(2), m = bench.scalar(0), v = bench.scalar(0);
    const auto zero = bench.scalar(0);
    bench.ops().adam_step(bench.on(), {value, zero, 1, 0.1f, 0.5f, nullptr, nullptr}, m, v, 0.9f, 0.999f, 1e-8f, 1,
                          decoupled);
    return bench.download_scalar(value);
  };
  REQUIRE(run(true) == Approx(2 * (1 - 0.1 * 0.5)));
  REQUIRE(run(false) == Approx(2 - 0.1));
}

TEST_CASE("an element whose gradient is not finite is left alone and counted") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool adam = GENERATE(false, true);
  const std::int64_t count = 3000;
  stepped state(bench, count);
  auto gradient = bench.normal(1, count);
  const std::vector<std::int64_t> columns = {0, 9, 1500, 2999};
  for (const auto column : columns)
    gradient(0, column) = column % 2 ? -std::numeric_limits<double>::infinity() : not_a_number;
  const auto on_gradient = bench.upload(gradient);
  const auto before = bench.download(state.value);
  for (int step = 1; step <= 2; ++step) {
    const auto arguments = state.arguments(on_gradient, 0.5f, 0.1f, 0);
    if (adam)
      bench.ops().adam_step(bench.on(), arguments, state.first, state.second, 0.9f, 0.999f, 1e-8f, step, false);
    else
      bench.ops().sgd_step(bench.on(), arguments, &state.first, 0.9f, false);
  }
  REQUIRE(bench.download_scalar(state.nonfinite) == static_cast<double>(2 * columns.size()));
  const auto after = bench.download(state.value), first = bench.download(state.first);
  std::size_t unchanged = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    REQUIRE(std::isfinite(after(0, i)));
    unchanged += after(0, i) == before(0, i);
  }
  REQUIRE(unchanged == columns.size());
  for (const auto column : columns) REQUIRE(first(0, column) == 0);
}

TEST_CASE("a guard that is not finite stops the whole step") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto guard_value = GENERATE(std::nanf(""), std::numeric_limits<float>::infinity(), 1.5f);
  const auto guard = bench.scalar(guard_value);
  stepped state(bench, 40);
  auto gradient = bench.normal(1, 40);
  gradient(0, 3) = not_a_number;
  const auto on_gradient = bench.upload(gradient);
  const auto before = bench.download(state.value);
  auto arguments = state.arguments(on_gradient, 1, 0.1f, 0.1f);
  arguments.guard = &guard;
  bench.ops().sgd_step(bench.on(), arguments, nullptr, 0, false);
  bench.ops().sgd_step(bench.on(), arguments, &state.first, 0.9f, true);
  bench.ops().adam_step(bench.on(), arguments, state.first, state.second, 0.9f, 0.999f, 1e-8f, 1, true);
  const bool applied = std::isfinite(guard_value);
  REQUIRE((bench.download(state.value) != before) == applied);
  REQUIRE((bench.download(state.first) != matrix(1, 40)) == applied);
  REQUIRE((bench.download(state.second) != matrix(1, 40)) == applied);
  REQUIRE(bench.download_scalar(state.nonfinite) == (applied ? 3 : 0));
}

TEST_CASE("a gradient is clipped by the norm that is told, of all the parts that it is one of") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const bool adam = GENERATE(false, true), in_memory = GENERATE(false, true);
  const float squared_norm = GENERATE(0.0f, 99.0f, 101.0f, 1e8f); // scaled, the norm is half its root
  const auto factor = std::min(1.0, 5.0 / (0.5 * std::sqrt(double{squared_norm}) + 1e-6));
  REQUIRE((factor < 1) == (squared_norm > 100));
  const std::int64_t count = 1500;
  stepped state(bench, count);
  const auto norm = bench.scalar(squared_norm);
  auto uploaded = make_tensor(bench.on(), {sizeof(step_numbers)}, dtype::u8);
  for (int step = 1; step <= 3; ++step) {
    CAPTURE(adam, in_memory, squared_norm, step);
    const auto gradient = bench.normal(1, count);
    const auto on_gradient = bench.upload(gradient);
    auto arguments = state.arguments(on_gradient, 0.5f, 0.1f, 0);
    arguments.squared_norm = &norm;
    arguments.largest_norm = 5;
    if (in_memory) {
      step_numbers numbers;
      numbers.scale = 0.5f;
      numbers.learning_rate = 0.1f;
      numbers.squared_norm = norm.f32();
      numbers.largest_norm = 5;
      set_adam_numbers(numbers, 0, 0.9f, 0.999f, step, false);
      bench.ops().upload(bench.on(), &numbers, uploaded);
      arguments.scale = arguments.largest_norm = 0;
      arguments.squared_norm = nullptr;
      arguments.numbers = &uploaded;
    }
    if (adam) {
      bench.ops().adam_step(bench.on(), arguments, state.first, state.second, 0.9f, 0.999f, 1e-8f, step, false);
      reference::adam(state.expected, gradient, 0.5 * factor, double{0.1f}, 0, double{0.9f}, double{0.999f}, 1e-8, step,
                      false);
    } else {
      bench.ops().sgd_step(bench.on(), arguments, &state.first, 0.9f, false);
      reference::sgd(state.expected, gradient, 0.5 * factor, double{0.1f}, 0, double{0.9f}, false);
    }
  }
  REQUIRE(worst_error(bench.download(state.value), state.expected.value, tolerances::optimizer) <= 1);
  REQUIRE(worst_error(bench.download(state.first), state.expected.first, tolerances::optimizer) <= 1);
}

TEST_CASE("where the norm to clip by is not finite nothing is applied, and elements are counted") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto norm = bench.scalar(GENERATE(std::nanf(""), std::numeric_limits<float>::infinity()));
  const std::int64_t count = 2500;
  stepped state(bench, count);
  auto gradient = bench.normal(1, count);
  gradient(0, 3) = gradient(0, 2400) = not_a_number;
  const auto on_gradient = bench.upload(gradient);
  const auto before = bench.download(state.value);
  auto arguments = state.arguments(on_gradient, 1, 0.1f, 0.1f);
  arguments.squared_norm = &norm;
  arguments.largest_norm = 1;
  bench.ops().sgd_step(bench.on(), arguments, nullptr, 0, false);
  bench.ops().sgd_step(bench.on(), arguments, &state.first, 0.9f, true);
  bench.ops().adam_step(bench.on(), arguments, state.first, state.second, 0.9f, 0.999f, 1e-8f, 1, true);
  REQUIRE(bench.download(state.value) == before);
  REQUIRE(bench.download(state.first) == matrix(1, count));
  REQUIRE(bench.download(state.second) == matrix(1, count));
  REQUIRE(bench.download_scalar(state.nonfinite) == 6);
}

TEST_CASE("a thousand Adam steps with a zero gradient are as good as none") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  stepped state(bench, 100);
  const auto gradient = bench.zeros({1, 100});
  for (int step = 1; step <= 1000; ++step)
    bench.ops().adam_step(bench.on(), state.arguments(gradient, 1, 0.1f, 0), state.first, state.second, 0.9f, 0.999f,
                          1e-8f, step, false);
  REQUIRE(bench.download(state.value) == state.expected.value);
}

TEST_CASE("a gradient that is too large to be squared leaves no infinite moment behind") {
  device_under_test bench(GENERATE(from_range(tested_devices())));
  const auto large = GENERATE(2e19f, -3e38f);
  const std::int64_t count = 2000;
  stepped state(bench, count);
  auto gradient = bench.normal(1, count);
  gradient(0, 1500) = double{large};
  const auto on_gradient = bench.upload(gradient);
  const auto before = bench.download(state.value);
  bench.ops().adam_step(bench.on(), state.arguments(on_gradient, 1, 0.1f, 0), state.first, state.second, 0.9f, 0.999f,
                        1e-8f, 1, false);
  bench.ops().sgd_step(bench.on(), state.arguments(on_gradient, 1, 0.1f, 0), nullptr, 0, false);
  REQUIRE(bench.download_scalar(state.nonfinite) == 2);
  REQUIRE(bench.download(state.first)(0, 1500) == 0);
  REQUIRE(bench.download(state.second)(0, 1500) == 0);
  REQUIRE(bench.download(state.value)(0, 1500) == before(0, 1500));
  REQUIRE(bench.download(state.value)(0, 1499) != before(0, 1499));
}

// What error feedback adds to late updates, on a quadratic: f(w) = |w - target|^2 / 2 by plain gradient descent, with
// gradients that come a few updates late.
#include "actors/error_feedback.hpp"

#include "models/layers/linear.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace syngrad {
namespace {

constexpr std::int64_t side = 4;
using numbers = std::vector<double>;

float target_of(std::size_t i) {
  return static_cast<float>(i % 5) - 2;
}

// The weight of a linear layer. Its input is the identity: so dy, transposed, is the gradient.
struct descent {
  cpu_device cpu;
  stream& work = cpu.make_stream();
  std::unique_ptr<layer_group> layers;
  group_cache cache;
  error_feedback feedback;
  std::vector<numbers> versions; // of the weights

  descent() {
    configure_compute_thread();
    layer_list all;
    all.push_back(std::make_unique<linear>(side, side, false));
    optimizer_settings plain;
    plain.name = "sgd";
    layers = std::make_unique<layer_group>(work, sample_spec{{side}}, std::move(all), plain, 1, 0);
    auto x = make_tensor(work, {side, side});
    for (std::int64_t i = 0; i < x.elements(); ++i) x.f32()[i] = i % (side + 1) == 0 ? 1.0f : 0.0f;
    layers->forward(work, x, phase::train, &cache);
    versions.push_back(weights());
  }

  numbers weights() {
    const auto value = layers->weights().front().value;
    return {value.f32(), value.f32() + value.elements()};
  }

  void step(std::int64_t seen, float rate, bool feeds_back, float guarded = 1) {
    auto dy = make_tensor(work, {side, side});
    for (std::size_t i = 0; i < side * side; ++i)
      dy.f32()[i % side * side + i / side] =
        static_cast<float>(versions[static_cast<std::size_t>(seen)][i]) - target_of(i);
    auto guard = make_tensor(work, {1});
    guard.f32()[0] = guarded;
    if (feeds_back) feedback.before_update(work, *layers);
    layers->backward_and_update(work, dy, cache, false, {.terms = 1, .learning_rate = rate, .guard = &guard});
    if (feeds_back) feedback.after_update(work, *layers, seen, {&guard, nullptr});
    versions.push_back(weights());
  }

  // Update n + 1 has the gradient of version n - delay.
  void run(std::int64_t steps, std::int64_t delay, float rate, bool feeds_back) {
    for (std::int64_t n = 0; n < steps; ++n) step(std::max<std::int64_t>(n - delay, 0), rate, feeds_back);
  }
};

// Furthest from what no delay would have given, at the same place of the way.
double error_of(std::int64_t delay, float rate, bool feeds_back) {
  const auto steps = static_cast<std::int64_t>(std::lround(2 / rate));
  descent late, exact;
  late.run(steps, delay, rate, feeds_back);
  exact.run(steps, 0, rate, false);
  double worst = 0;
  for (std::size_t i = 0; i < side * side; ++i)
    worst = std::max(worst, std::abs(late.versions.back()[i] - exact.versions.back()[i]));
  return worst;
}

} // namespace

TEST_CASE("with error feedback all updates but the last few add up to the steps of fresh gradients") {
  const std::int64_t delay = 3, steps = 40;
  const double rate = 0.125;
  descent late;
  late.run(steps, delay, static_cast<float>(rate), true);
  // Update 1 is fresh. Of those after it each has been set right by the first gradient of the weights that it changed,
  // but for the last `delay` ones, which count as they were made.
  const auto fresh = [&](std::int64_t version, std::size_t i) {
    return -rate * (late.versions[static_cast<std::size_t>(version)][i] - target_of(i));
  };
  for (std::size_t i = 0; i < side * side; ++i) {
    double sum = late.versions.front()[i];
    for (std::int64_t version = 0; version < steps; ++version)
      sum += fresh(version + delay < steps ? version : std::max<std::int64_t>(version - delay, 0), i);
    REQUIRE(late.versions.back()[i] == Approx(sum).margin(1e-5));
  }
}

TEST_CASE("what is left of the delay falls with the square of the rate, and with the rate where nothing is fed back") {
  for (const std::int64_t delay : {1, 3}) {
    CAPTURE(delay);
    const auto plain = error_of(delay, 0.02f, false), plain_half = error_of(delay, 0.01f, false);
    const auto fed_back = error_of(delay, 0.02f, true), fed_back_half = error_of(delay, 0.01f, true);
    CHECK(plain / plain_half == Approx(2).epsilon(0.15));
    CHECK(fed_back / fed_back_half > 3);
    CHECK(fed_back < plain / 4);
  }
}

TEST_CASE("without a delay nothing is added, bit for bit, and nothing is kept") {
  descent with, without;
  with.run(20, 0, 0.1f, true);
  without.run(20, 0, 0.1f, false);
  CHECK(with.versions == without.versions);
  CHECK(with.feedback.bytes() == 0);
}

TEST_CASE("as many steps are kept as a gradient comes late") {
  descent late;
  late.run(20, 3, 0.1f, true);
  CHECK(late.feedback.bytes() == 3 * late.layers->trained().memory()->bytes());
}

TEST_CASE("an update whose gradient is not finite adds nothing") {
  descent late;
  late.run(10, 3, 0.1f, true);
  const auto before = late.versions.back();
  late.step(7, 0.1f, true, std::numeric_limits<float>::quiet_NaN());
  CHECK(late.versions.back() == before);
}

TEST_CASE("gradients that come out of order, or of weights that have been set right, only make their own steps") {
  descent late, plain;
  for (auto* each : {&late, &plain}) {
    const bool feeds_back = each == &late;
    each->step(0, 0.1f, feeds_back);
    each->step(0, 0.1f, feeds_back); // update 2, of weights 1
    each->step(0, 0.1f, feeds_back); // of weights 0, which a fresh gradient has changed
    each->step(0, 0.1f, feeds_back);
  }
  CHECK(late.versions == plain.versions);
  late.step(2, 0.1f, true); // sets update 3 right, and update 2 is left as it was
  plain.step(2, 0.1f, false);
  CHECK(late.versions != plain.versions);
  const auto now = late.versions.back();
  late.step(1, 0.1f, true);
  for (std::size_t i = 0; i < side * side; ++i) {
    const auto step = -0.1 * (late.versions[1][i] - target_of(i));
    CHECK(late.versions.back()[i] == Approx(now[i] + step).margin(1e-6));
  }
}

} // namespace syngrad

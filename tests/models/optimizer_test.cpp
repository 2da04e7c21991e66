#include "models/network.hpp"
#include "models/optimizer.hpp"

#include "tests/models/bench.hpp"
#include "tests/models/contains.hpp"
#include "tests/models/tolerances.hpp"

#include <limits>

namespace syngrad {
namespace {

// One trained parameter of two elements that decay: {1, 0.5}.
struct optimized {
  explicit optimized(bench& b, const optimizer_settings& settings)
    : memory(b.s, {{&weight}}), by(std::move(make_optimizer(b.s, memory, settings).value())) {
    weight.value.f32()[0] = 1;
    weight.value.f32()[1] = 0.5f;
  }

  // Sets the gradient of both elements and steps with scale 0.5 and learning rate 0.1.
  void step(bench& b, float gradient, const tensor* guard = nullptr, tensor* nonfinite = nullptr) {
    std::ranges::fill(values(weight.gradient), gradient);
    by->step(b.s, memory, memory.ranges()[0],
             {.scale = 0.5f, .learning_rate = 0.1f, .number = ++number, .guard = guard, .nonfinite = nonfinite});
  }
  double value() const { return values(weight.value)[0]; }

  parameter weight{"weight", {1, 2}};
  arena memory;
  std::unique_ptr<optimizer> by;
  std::int64_t number = 0;
};

bool is_nothing(const tensor& of) {
  const auto* bytes = static_cast<const std::uint8_t*>(of.data());
  return std::all_of(bytes, bytes + of.bytes(), [](auto each) { return each == 0; });
}

Approx near(double expected) {
  return Approx(expected).epsilon(tolerance::formula);
}

TEST_CASE("sgd follows the scaled gradient") {
  bench b;
  optimized x(b, {.name = "sgd"});
  x.step(b, 4); // 1 - 0.1 * 2
  CHECK(x.value() == near(0.8));
  CHECK(values(x.weight.value)[1] == near(0.3));
  CHECK(x.by->moments().empty());
}

TEST_CASE("sgd with momentum keeps a velocity") {
  bench b;
  optimized x(b, {.name = "sgd", .momentum = 0.9f});
  x.step(b, 4); // velocity 2
  CHECK(x.value() == near(0.8));
  x.step(b, 4); // velocity 0.9 * 2 + 2 = 3.8
  CHECK(x.value() == near(0.42));
  REQUIRE(x.by->moments().size() == 1);
  CHECK(values(*x.by->moments()[0])[0] == near(3.8));
}

TEST_CASE("sgd by Nesterov looks ahead along the velocity") {
  bench b;
  optimized x(b, {.name = "sgd", .momentum = 0.9f, .nesterov = true});
  x.step(b, 4); // 1 - 0.1 * (2 + 0.9 * 2)
  CHECK(x.value() == near(0.62));
  x.step(b, 4); // 0.62 - 0.1 * (2 + 0.9 * 3.8)
  CHECK(x.value() == near(0.078));
}

TEST_CASE("sgd adds weight decay to the gradient") {
  bench b;
  optimized x(b, {.name = "sgd", .weight_decay = 0.5f});
  x.step(b, 4); // 1 - 0.1 * (2 + 0.5 * 1)
  CHECK(x.value() == near(0.75));
}

TEST_CASE("adam divides corrected moments") {
  bench b;
  optimized x(b, {.name = "adam"});
  x.step(b, 4); // m = 0.2 / 0.1 = 2, v = 0.004 / 0.001 = 4: 1 - 0.1 * 2 / 2
  CHECK(x.value() == near(0.9));
  x.step(b, -2); // m = 0.08 / 0.19, v = 0.004996 / 0.001999
  CHECK(x.value() == near(0.9 - 0.1 * (0.08 / 0.19) / std::sqrt(0.004996 / 0.001999)));
  REQUIRE(x.by->moments().size() == 2);
  CHECK(values(*x.by->moments()[0])[0] == near(0.08));
  CHECK(values(*x.by->moments()[1])[0] == Approx(0.004996).epsilon(tolerance::second_moment));
}

TEST_CASE("adam adds weight decay to the gradient, adamw applies it to the value") {
  bench b;
  optimized in_gradient(b, {.name = "adam", .weight_decay = 0.5f});
  in_gradient.step(b, -0.5f); // -0.25 + 0.5 * 1 > 0: the first step is the learning rate downwards
  CHECK(in_gradient.value() == near(0.9));
  optimized decoupled(b, {.name = "adamw", .weight_decay = 0.5f});
  decoupled.step(b, -0.5f); // 1 - 0.1 * 0.5 * 1 + 0.1
  CHECK(decoupled.value() == near(1.05));
}

TEST_CASE("nadam's fifty steps are those of its formula") {
  bench b;
  optimized x(b, {.name = "nadam", .weight_decay = 0.5f});
  double value = 1, m = 0, v = 0, product = 1;
  const auto mu = [](int t) { return 0.9 * (1 - 0.5 * std::pow(0.96, 0.004 * t)); };
  for (int t = 1; t <= 50; ++t) {
    const auto gradient = static_cast<float>(b.random.normal());
    x.step(b, gradient);
    const auto g = 0.5 * double{gradient};
    value *= 1 - 0.1 * 0.5;
    product *= mu(t);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const auto root = std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8;
    value -= 0.1 * (1 - mu(t)) / (1 - product) * g / root;
    value -= 0.1 * mu(t + 1) / (1 - product * mu(t + 1)) * m / root;
    REQUIRE(std::abs(x.value() - value) < 1e-5);
  }
  CHECK(x.by->moments().size() == 2);
}

TEST_CASE("what nadam does at a late step is what it comes to, and takes no longer") {
  step_numbers late, later;
  late.learning_rate = later.learning_rate = 0.1f;
  set_nadam_numbers(late, 0, 0.9f, 0.999f, 1'000'000);
  set_nadam_numbers(later, 0, 0.9f, 0.999f, 1'000'000'000'000);
  CHECK(late.gradient_size == near(0.1 * (1 - 0.9)));
  CHECK(later.gradient_size == late.gradient_size);
  CHECK(later.size == near(0.1 * 0.9));
}

TEST_CASE("lion's fifty steps are those of its formula") {
  bench b;
  optimized x(b, {.name = "lion", .weight_decay = 0.5f});
  double value = 1, m = 0;
  for (int t = 1; t <= 50; ++t) {
    const auto gradient = static_cast<float>(b.random.normal());
    x.step(b, gradient);
    const auto g = 0.5 * double{gradient};
    const auto mean = 0.9 * m + 0.1 * g;
    value -= 0.1 * ((mean > 0) - (mean < 0) + 0.5 * value);
    m = 0.99 * m + 0.01 * g;
    REQUIRE(std::abs(x.value() - value) < 1e-5);
  }
  REQUIRE(x.by->moments().size() == 1);
  CHECK(values(*x.by->moments()[0])[0] == Approx(m).epsilon(1e-4));
  optimized still(b, {.name = "lion"});
  still.step(b, 0);
  CHECK(still.value() == 1); // the sign of nothing is none
}

TEST_CASE("weight decay takes what decays of a layer, and leaves the rest to the gradient") {
  for (const auto* name : {"sgd", "adam", "adamw", "adam8bit", "adafactor", "nadam", "lion", "muon"}) {
    INFO(name);
    bench b;
    const optimizer_settings settings{.name = name, .momentum = 0.9f, .weight_decay = 0.5f};
    auto without = settings;
    without.weight_decay = 0;
    // Of a layer that names what does not decay first.
    parameter bias("bias", {20}), weight("weight", {3, 7}), plain("plain", {20}), decaying("decaying", {3, 7});
    arena mixed(b.s, {{&bias, &weight}}), alone(b.s, {{&decaying}}), undecayed(b.s, {{&plain}});
    auto by = std::move(make_optimizer(b.s, mixed, settings).value()),
         by_alone = std::move(make_optimizer(b.s, alone, settings).value()),
         by_none = std::move(make_optimizer(b.s, undecayed, without).value());
    const auto start = b.normal({20}), weights = b.normal({3, 7});
    for (auto* each : {&bias, &plain}) b.s.ops().copy(b.s, start, each->value);
    for (auto* each : {&weight, &decaying}) b.s.ops().copy(b.s, weights, each->value);
    for (std::int64_t number = 1; number <= 3; ++number) {
      const optimizer_step now{.scale = 0.5f, .learning_rate = 0.1f, .number = number};
      const auto g = b.normal({20}), h = b.normal({3, 7});
      for (auto* each : {&bias, &plain}) b.s.ops().copy(b.s, g, each->gradient);
      for (auto* each : {&weight, &decaying}) b.s.ops().copy(b.s, h, each->gradient);
      uploaded_numbers uploaded;
      const auto numbers = by->numbers_of(now);
      uploaded.upload(b.s, {&numbers, 1});
      const auto in_memory = uploaded.of_step(0);
      by->step(b.s, mixed, mixed.ranges()[0], number == 2 ? optimizer_step{.numbers = &in_memory} : now);
      by_alone->step(b.s, alone, alone.ranges()[0], now);
      by_none->step(b.s, undecayed, undecayed.ranges()[0], now);
    }
    // Those in 8 bits are rounded by their place in the layer.
    if (std::string(name) != "adam8bit") CHECK(to_vector(bias.value) == to_vector(plain.value));
    CHECK(relative_distance(bias.value, plain.value) < 0.01);
    CHECK(to_vector(weight.value) == to_vector(decaying.value));
    CHECK(to_vector(weight.value) != to_vector(weights));
  }
}

TEST_CASE("padding stays zero through steps with every option on") {
  bench b;
  for (const auto* name : {"sgd", "adam", "adamw", "adam8bit", "adafactor", "nadam", "lion", "muon"}) {
    optimized x(b, {.name = name, .momentum = 0.9f, .weight_decay = 0.1f});
    for (int i = 0; i < 5; ++i) x.step(b, 3);
    CHECK(norm(values(x.memory.values()).subspan(2)) == 0);
  }
}

TEST_CASE("a guard that is not finite stops a step, an element that is not finite is left out and counted") {
  bench b;
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto* name : {"sgd", "adam", "adamw", "adam8bit", "adafactor", "nadam", "lion", "muon"}) {
    INFO(name);
    optimized x(b, {.name = name, .momentum = 0.9f, .muon_every = 1});
    const auto bad = b.upload({1}, {nan}), good = b.upload({1}, {1});
    auto count = b.upload({1}, {0});
    x.step(b, 4, &bad, &count);
    CHECK(x.value() == 1);
    for (const auto* moment : x.by->moments()) CHECK(is_nothing(*moment));
    x.step(b, nan, &good, &count);
    CHECK(x.value() == 1);
    CHECK(values(count)[0] == 2);
    x.step(b, 4, &good, &count);
    CHECK(x.value() < 1);
    CHECK(values(count)[0] == 2);
  }
}

// Of a network as they are trained: bytes of moments, for each parameter.
double bytes_of_moments(const optimizer_settings& settings) {
  bench b;
  auto net = std::move(make_network("mlp:784-256x5-10").value());
  std::vector<std::vector<parameter*>> layers;
  for (const auto& unit : net.units)
    for (const auto& each : unit) layers.push_back(each->parameters());
  arena memory(b.s, layers);
  const auto by = std::move(make_optimizer(b.s, memory, settings).value());
  std::size_t bytes = 0;
  for (const auto* each : by->moments()) bytes += each->bytes();
  return static_cast<double>(bytes) / static_cast<double>(memory.trained_elements());
}

TEST_CASE("moments take eight bytes a parameter, four in bf16, and in 8 bits two") {
  CHECK(bytes_of_moments({}) == Approx(8).epsilon(0.01));
  CHECK(bytes_of_moments({.moments = "bf16"}) <= 4.01); // with the padding of short vectors
  CHECK(bytes_of_moments({.name = "nadam", .moments = "bf16"}) <= 4.01);
  CHECK(bytes_of_moments({.name = "lion", .moments = "bf16"}) <= 2.01);
  CHECK(bytes_of_moments({.name = "sgd", .moments = "bf16", .momentum = 0.9f}) <= 2.01);
  CHECK(bytes_of_moments({.name = "muon", .moments = "bf16", .muon_every = 1}) <= 2.1);
  CHECK(bytes_of_moments({.name = "muon"}) <= 7); // with the roots that serve ten steps
  CHECK(bytes_of_moments({.name = "adam8bit"}) <= 2.1);
  CHECK(bytes_of_moments({.name = "adafactor"}) <= 0.1);
}

TEST_CASE("moments in fewer bits lead where those in 32 bits lead") {
  bench b;
  for (const std::string name : {"sgd", "adam", "adamw", "adam8bit", "nadam", "lion", "muon"}) {
    INFO(name);
    parameter exact_weight("weight", {40, 30}), small_weight("weight", {40, 30});
    arena exact(b.s, {{&exact_weight}}), rounded_arena(b.s, {{&small_weight}});
    const optimizer_settings plain{.name = name == "adam8bit" ? "adamw" : name, .momentum = name == "sgd" ? 0.9f : 0};
    auto rounded = plain;
    rounded.name = name;
    if (name != "adam8bit") rounded.moments = "bf16";
    const auto by = std::move(make_optimizer(b.s, exact, plain).value()),
               by_small = std::move(make_optimizer(b.s, rounded_arena, rounded).value());
    const auto start = b.normal({40, 30});
    for (auto* each : {&exact_weight, &small_weight}) b.s.ops().copy(b.s, start, each->value);
    for (std::int64_t number = 1; number <= 100; ++number) {
      const auto gradient = b.normal({40, 30});
      for (auto* each : {&exact_weight, &small_weight}) b.s.ops().copy(b.s, gradient, each->gradient);
      optimizer_step now{.scale = 0.25f, .learning_rate = 0.01f, .number = number};
      now.rounding = static_cast<std::uint32_t>(number) * 2654435761u;
      by->step(b.s, exact, exact.ranges()[0], now);
      by_small->step(b.s, rounded_arena, rounded_arena.ranges()[0], now);
    }
    const auto apart = relative_distance(small_weight.value, exact_weight.value);
    CHECK(apart > 0);
    CHECK(apart < 0.02);
    CHECK(relative_distance(exact_weight.value, start) > 4 * apart);
  }
}

TEST_CASE("optimizer settings out of range are refused with what is possible") {
  CHECK(check_optimizer({}));
  CHECK_THAT(check_optimizer({.name = "rmsprop"}).message(),
             contains("'rmsprop'") && contains("sgd, adam, adamw, adam8bit, adafactor, nadam, lion, muon"));
  CHECK_THAT(check_optimizer({.name = "sgd", .momentum = 1}).message(), contains("momentum"));
  CHECK_THAT(check_optimizer({.name = "sgd", .nesterov = true}).message(), contains("Nesterov"));
  CHECK_THAT(check_optimizer({.weight_decay = -1}).message(), contains("weight decay"));
  CHECK_THAT(check_optimizer({.beta2 = 1}).message(), contains("beta2"));
  CHECK_THAT(check_optimizer({.name = "muon", .muon_every = 0}).message(), contains("at least 1"));
  CHECK_THAT(check_optimizer({.moments = "f16"}).message(), contains("'f16'") && contains("f32, bf16"));
  CHECK_THAT(check_optimizer({.adam_ratio = -1}).message(), contains("ratio"));
  CHECK_THAT(check_optimizer({.epsilon = 0}).message(), contains("epsilon"));
  bench b;
  parameter weight("weight", {2});
  arena memory(b.s, {{&weight}});
  CHECK_FALSE(make_optimizer(b.s, memory, {.name = "none"}));
}

} // namespace
} // namespace syngrad

#include "models/layer_group.hpp"

#include "models/layers/relu.hpp"
#include "models/objective.hpp"
#include "tests/models/finite_differences.hpp"

#include <limits>
#include <map>

namespace syngrad {
namespace {

// Units first..last-1 of a network as one group.
layer_group make_group(bench& b, const std::string& description, std::size_t first, std::size_t last,
                       const optimizer_settings& settings = {}, std::uint64_t seed = 5) {
  auto net = std::move(make_network(description).value());
  const auto specs = infer_specs(net).value();
  layer_list layers;
  int before = 0;
  for (std::size_t i = 0; i < net.units.size(); ++i)
    for (auto& each : net.units[i]) {
      if (i < first) ++before;
      if (i >= first && i < last) layers.push_back(std::move(each));
    }
  return layer_group(b.s, specs[static_cast<std::size_t>(before)], std::move(layers), settings, seed, before);
}

std::map<std::string, std::vector<float>> weights_of(layer_group& group) {
  std::map<std::string, std::vector<float>> all;
  for (const auto& [name, value] : group.weights()) all[name] = to_vector(value);
  return all;
}

std::vector<float> gradients_of(layer_group& group) {
  std::vector<float> all;
  for (auto* each : group.layers())
    for (const auto* parameter : each->parameters())
      if (parameter->trained()) {
        const auto these = values(parameter->gradient);
        all.insert(all.end(), these.begin(), these.end());
      }
  return all;
}

TEST_CASE("weights do not depend on how layers were grouped") {
  bench b;
  const std::string description = "mlp:12-8x3-4";
  auto whole = make_group(b, description, 0, 4);
  const auto expected = weights_of(whole);
  CHECK(expected.size() == 3 * 5 + 2);
  CHECK(expected.contains("0.weight"));
  CHECK(expected.contains("5.running_variance"));
  CHECK(expected.contains("6.bias"));
  for (std::size_t cut = 1; cut < 4; ++cut) {
    auto lower = make_group(b, description, 0, cut), upper = make_group(b, description, cut, 4);
    auto joined = weights_of(lower);
    joined.merge(weights_of(upper));
    CHECK(joined == expected);
    CHECK(lower.parameter_count() + upper.parameter_count() == whole.parameter_count());
    CHECK(lower.multiply_adds() + upper.multiply_adds() == Approx(whole.multiply_adds()));
    CHECK(lower.output() == upper.input());
    CHECK(upper.first_layer() == 2 * static_cast<int>(cut));
  }
  auto other_seed = make_group(b, description, 0, 4, {}, 6);
  CHECK(weights_of(other_seed)["0.weight"] != expected.at("0.weight"));
  CHECK(whole.describe_layer(6) == "linear 8->4");
  CHECK(whole.parameter_count() == 12 * 8 + 2 * 8 * 8 + 3 * 2 * 8 + 8 * 4 + 4);
}

TEST_CASE("the gradient of a whole network's loss agrees with finite differences") {
  bench b;
  auto group = make_group(b, "mlp:6-7x2-3", 0, 3);
  auto x = b.normal({16, 6});
  const auto labels = b.labels(16, 3);
  auto result = make_tensor(b.s, {objective::numbers});
  group_cache cache;
  const auto judge = std::move(*make_objective({}));
  const auto dy = judge->evaluate(b.s, group.forward(b.s, x, phase::train, &cache), labels, true, result);
  const auto dx = group.backward(b.s, dy, cache, {});

  // The loss is a mean over the batch, gradients are per sample.
  const auto loss = [&] {
    group_cache unused;
    const auto logits = group.forward(b.s, x, phase::train, &unused);
    double sum = 0;
    for (std::int64_t row = 0; row < 16; ++row) {
      const auto* z = logits.f32() + row * 3;
      sum += std::log(std::exp(double{z[0]}) + std::exp(double{z[1]}) + std::exp(double{z[2]})) - z[labels.i32()[row]];
    }
    return sum;
  };
  CHECK(values(result)[0] == Approx(loss() / 16).epsilon(tolerance::products));
  check_gradient(values(x), values(dx), loss);
  for (auto* each : group.layers())
    for (auto* parameter : each->parameters())
      if (parameter->trained()) check_gradient(values(parameter->value), values(parameter->gradient), loss);
}

TEST_CASE("backward and update in one is backward, then update, bit for bit") {
  for (const auto* name : {"sgd", "adam", "adamw", "adam8bit", "adafactor", "nadam", "lion", "muon"})
    for (const auto& [accumulated, clip_norm] : {std::pair{false, 0.0f}, {true, 0.0f}, {false, 0.5f}, {true, 0.5f}}) {
      INFO(name << (accumulated ? ", accumulated" : "") << ", clipped to " << clip_norm);
      bench b;
      const optimizer_settings settings{.name = name, .momentum = 0.9f, .weight_decay = 0.01f};
      auto fused = make_group(b, "mlp:10-9x2-4", 0, 3, settings);
      auto apart = make_group(b, "mlp:10-9x2-4", 0, 3, settings);
      for (int step = 0; step < 4; ++step) {
        const auto x = b.normal({8, 10}), dy = b.normal({8, 4}), earlier = b.normal({8, 4});
        const update_request request{
          .terms = 8, .learning_rate = 0.01f, .accumulated = accumulated, .clip_norm = clip_norm};
        std::vector<float> dx[2];
        for (auto* group : {&fused, &apart}) {
          group_cache cache;
          group->forward(b.s, x, phase::train, &cache);
          if (accumulated) group->backward(b.s, earlier, cache, {.input_gradient = false});
          if (group == &fused) {
            dx[0] = to_vector(group->backward_and_update(b.s, dy, cache, true, request));
          } else {
            dx[1] = to_vector(group->backward(b.s, dy, cache, {.accumulate = accumulated}));
            group->update(b.s, request);
          }
        }
        REQUIRE(dx[0] == dx[1]);
        REQUIRE(weights_of(fused) == weights_of(apart));
      }
      CHECK(fused.version() == 4);
      CHECK(apart.version() == 4);
    }
}

// As torch.nn.utils.clip_grad_norm_ has it.
TEST_CASE("a group's gradient is clipped by the norm of all its layers, a mean over the terms") {
  for (const auto* name : {"sgd", "adam", "adamw", "adam8bit", "adafactor", "nadam", "lion", "muon"})
    for (const float clip_norm : {0.05f, 1e6f}) {
      INFO(name << ", " << clip_norm);
      bench b;
      const optimizer_settings settings{.name = name, .momentum = 0.9f, .weight_decay = 0.01f};
      auto clipped = make_group(b, "mlp:10-9x2-4", 0, 3, settings);
      auto plain = make_group(b, "mlp:10-9x2-4", 0, 3, settings);
      for (int step = 0; step < 4; ++step) {
        const auto x = b.normal({8, 10}), dy = b.normal({8, 4});
        auto told = b.upload({1}, {-1});
        group_cache first, second;
        clipped.forward(b.s, x, phase::train, &first);
        clipped.backward_and_update(
          b.s, dy, first, false, {.terms = 8, .learning_rate = 0.01f, .clip_norm = clip_norm, .squared_norm = &told});

        plain.forward(b.s, x, phase::train, &second);
        plain.backward(b.s, dy, second, {});
        const auto length = norm(gradients_of(plain));
        CHECK(values(told)[0] == Approx(length * length));
        const auto factor = std::min(1.0, clip_norm / (length / 8 + 1e-6));
        CHECK((factor < 1) == (clip_norm < 1));
        for (auto* each : plain.layers())
          for (auto* parameter : each->parameters())
            if (parameter->trained()) b.s.ops().scale(b.s, parameter->gradient, static_cast<float>(factor));
        plain.update(b.s, {.terms = 8, .learning_rate = 0.01f});
        const auto expected = weights_of(plain);
        for (const auto& [parameter, value] : weights_of(clipped)) {
          INFO(parameter);
          if (clip_norm < 1)
            CHECK(relative_distance(value, expected.at(parameter)) < tolerance::products);
          else
            CHECK(value == expected.at(parameter));
        }
      }
    }
}

TEST_CASE("a gradient whose norm is not finite changes nothing where it is clipped, and its elements are counted") {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, 1e18f}) { // the square of one is finite, the sum of all is not
    INFO(bad);
    bench b;
    auto group = make_group(b, "mlp:10-9-4", 1, 2);
    group_cache cache;
    auto x = b.normal({8, 9}), dy = b.normal({8, 4});
    group.forward(b.s, x, phase::train, &cache);
    if (std::isnan(bad))
      values(dy)[0] = bad;
    else
      for (std::size_t i = 0; i < 32; ++i) values(dy)[i] = bad * static_cast<float>(i % 3);
    const auto before = weights_of(group);
    auto counts = b.upload({1}, {0}), told = b.upload({1}, {0});
    const update_request request{
      .terms = 8, .learning_rate = 0.01f, .nonfinite = &counts, .clip_norm = 1, .squared_norm = &told};
    group.backward_and_update(b.s, dy, cache, false, request);
    CHECK_FALSE(std::isfinite(values(told)[0]));
    CHECK(values(counts)[0] == (std::isnan(bad) ? 9 + 1 : 0));
    CHECK(weights_of(group) == before);
    group.backward_and_update(b.s, b.normal({8, 4}), cache, false, request);
    CHECK(weights_of(group) != before);
    for (const auto& [name, value] : weights_of(group))
      CHECK(std::ranges::all_of(value, [](float each) { return std::isfinite(each); }));
  }
}

TEST_CASE("an input gradient that is not wanted is not computed, and changes no update") {
  bench b;
  auto with = make_group(b, "mlp:10-9-4", 0, 2), without = make_group(b, "mlp:10-9-4", 0, 2);
  const auto x = b.normal({8, 10}), dy = b.normal({8, 4});
  group_cache first, second;
  with.forward(b.s, x, phase::train, &first);
  without.forward(b.s, x, phase::train, &second);
  const update_request request{.terms = 8, .learning_rate = 0.01f};
  CHECK(with.backward_and_update(b.s, dy, first, true, request));
  CHECK_FALSE(without.backward_and_update(b.s, dy, second, false, request));
  CHECK(weights_of(with) == weights_of(without));
}

TEST_CASE("with frozen weights, predicted gradient and residual add up to the true gradient") {
  bench b;
  auto group = make_group(b, "mlp:10-9x2-4", 0, 3);
  group_cache cache;
  group.forward(b.s, b.normal({16, 10}), phase::train, &cache);
  const auto truth = b.normal({16, 4}), predicted = b.normal({16, 4});
  auto residual = make_tensor(b.s, {16, 4});
  b.s.ops().subtract(b.s, truth, predicted, residual);

  group.backward(b.s, truth, cache, {});
  const auto expected = gradients_of(group);
  group.backward(b.s, predicted, cache, {});
  group.backward(b.s, residual, cache, {.accumulate = true});
  CHECK(relative_distance(gradients_of(group), expected) < tolerance::products);
  CHECK(group.version() == 0);
}

TEST_CASE("a late backward pass uses the cache of its own batch") {
  bench b;
  auto group = make_group(b, "mlp:10-9x2-4", 0, 3);
  const auto x1 = b.normal({8, 10}), x2 = b.normal({8, 10}), dy = b.normal({8, 4});
  group_cache early, late, between;
  group.forward(b.s, x1, phase::train, &early);
  const auto dx = to_vector(group.backward(b.s, dy, early, {}));
  const auto gradients = gradients_of(group);
  group.forward(b.s, x1, phase::train, &late);
  group.forward(b.s, x2, phase::train, &between);
  group.backward(b.s, dy, between, {});
  CHECK(to_vector(group.backward(b.s, dy, late, {})) == dx);
  CHECK(gradients_of(group) == gradients);
}

TEST_CASE("a group of any network goes back in two parts as at once, bit for bit, and counts the same work") {
  for (const auto* name : {"mlp:6-7x2-3", "cnn:6x6x2-3-4-3", "resnet:8-3", "gpt:2x8,heads=2,context=5,vocab=7",
                           "lstm:1x6,chunk=5,vocab=7"}) {
    INFO(name);
    bench b;
    const auto units = make_network(name)->units.size();
    auto whole = make_group(b, name, 0, units), parted = make_group(b, name, 0, units);
    const auto& input = whole.input();
    for (int step = 0; step < 2; ++step) {
      std::vector<tensor> x, dy;
      for (int i = 0; i < 3; ++i) {
        x.push_back(input.is_numbers() ? b.labels(2 * input.elements(), input.categories).view(0, input.of(2))
                                       : b.normal({2, input.elements()}));
        dy.push_back(b.normal({2 * whole.output().rows(), whole.output().features()}));
      }
      const update_request request{.terms = 6, .learning_rate = 0.01f, .accumulated = true};
      std::vector<group_cache> caches(3), later(3);
      for (std::size_t i = 0; i < 3; ++i) whole.forward(b.s, x[i], phase::train, &caches[i]);
      for (std::size_t i = 0; i < 3; ++i) whole.backward(b.s, dy[i], caches[i], {false, true, i > 0});
      whole.update(b.s, request);

      std::vector<std::vector<deferred_gradient>> left(3);
      for (std::size_t i = 0; i < 3; ++i) parted.forward(b.s, x[i], phase::train, &later[i]);
      for (std::size_t i = 0; i < 3; ++i) {
        parted.backward(b.s, dy[i], later[i], {.input_gradient = false, .accumulate = i > 0, .deferred = &left[i]});
        CHECK_FALSE(left[i].empty());
        if (i > 0) parted.backward_deferred(b.s, left[i - 1], i > 1);
      }
      parted.backward_deferred(b.s, left[2], true);
      CHECK(left[2].empty());
      parted.update(b.s, request);
      CHECK(weights_of(parted) == weights_of(whole));
      CHECK(parted.multiply_adds_done() == whole.multiply_adds_done());
    }
  }
}

TEST_CASE("a guard stops the update of all layers, and elements that are not finite are counted by layer") {
  bench b;
  auto group = make_group(b, "mlp:10-9-4", 0, 2);
  const auto before = weights_of(group);
  group_cache cache;
  group.forward(b.s, b.normal({8, 10}), phase::train, &cache);
  const auto started = weights_of(group); // running statistics have moved
  auto dy = b.normal({8, 4});
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const auto bad = b.upload({1}, {nan});
  auto counts = b.upload({3}, {0, 0, 0});
  update_request request{.terms = 8, .learning_rate = 0.01f, .guard = &bad, .nonfinite = &counts};
  group.backward_and_update(b.s, dy, cache, false, request);
  CHECK(weights_of(group) == started);
  CHECK(before.at("2.weight") == started.at("2.weight"));

  values(dy)[0] = nan; // column 0 of the last layer's weight and bias, and all of what is below in row 0
  request.guard = nullptr;
  group.backward_and_update(b.s, dy, cache, false, request);
  CHECK(values(counts)[2] == 9 + 1);
  CHECK(values(counts)[0] > 0);
  for (const auto& [name, value] : weights_of(group)) {
    INFO(name);
    CHECK(std::ranges::all_of(value, [](float x) { return std::isfinite(x); }));
  }
}

TEST_CASE("evaluation keeps nothing and changes nothing") {
  bench b;
  auto group = make_group(b, "mlp:10-9-4", 0, 2);
  const auto before = weights_of(group);
  const auto x = b.normal({8, 10});
  const auto once = to_vector(group.forward(b.s, x, phase::evaluate, nullptr));
  CHECK(to_vector(group.forward(b.s, x, phase::evaluate, nullptr)) == once);
  CHECK(weights_of(group) == before);
}

TEST_CASE("a group of layers without parameters passes gradients and counts its updates") {
  bench b;
  layer_list layers;
  layers.push_back(std::make_unique<relu>(4));
  layer_group group(b.s, {{4}}, std::move(layers), {}, 1, 0);
  group_cache cache;
  const auto y = group.forward(b.s, b.upload({1, 4}, {1, -1, 2, -2}), phase::train, &cache);
  CHECK(to_vector(y) == std::vector<float>{1, 0, 2, 0});
  const auto dx = group.backward_and_update(b.s, b.upload({1, 4}, {5, 6, 7, 8}), cache, true, {1, 0.1f});
  CHECK(to_vector(dx) == std::vector<float>{5, 0, 7, 0});
  auto told = b.upload({1}, {5});
  group.backward_and_update(b.s, b.upload({1, 4}, {5, 6, 7, 8}), cache, false,
                            {.terms = 1, .learning_rate = 0.1f, .clip_norm = 1, .squared_norm = &told});
  CHECK(values(told)[0] == 0);
  CHECK(group.version() == 2);
  CHECK(group.weights().empty());
}

// Two groups that train as one: each layer's share of what both draw at random is its own.
TEST_CASE("weights do not depend on how layers are grouped, where moments are rounded at random either") {
  const auto by =
    GENERATE(optimizer_settings{.name = "adam8bit", .weight_decay = 0.01f}, optimizer_settings{.moments = "bf16"},
             optimizer_settings{.name = "muon", .moments = "bf16"});
  bench b;
  auto whole = make_group(b, "mlp:10-9x2-4", 0, 3, by), lower = make_group(b, "mlp:10-9x2-4", 0, 1, by),
       upper = make_group(b, "mlp:10-9x2-4", 1, 3, by);
  const update_request request{.terms = 8, .learning_rate = 0.01f};
  for (int step = 0; step < 5; ++step) {
    const auto x = b.normal({8, 10}), dy = b.normal({8, 4});
    group_cache all, below, above;
    whole.forward(b.s, x, phase::train, &all);
    whole.backward_and_update(b.s, dy, all, false, request);
    upper.forward(b.s, lower.forward(b.s, x, phase::train, &below), phase::train, &above);
    lower.backward_and_update(b.s, upper.backward_and_update(b.s, dy, above, true, request), below, false, request);
  }
  auto parts = weights_of(lower);
  parts.merge(weights_of(upper));
  CHECK(weights_of(whole) == parts);
}

TEST_CASE("once warm, training a group allocates no device memory") {
  const auto clip_norm = GENERATE(0.0f, 0.1f);
  const auto by = GENERATE(optimizer_settings{}, optimizer_settings{.name = "muon"},
                           optimizer_settings{.name = "muon", .muon_every = 3}, optimizer_settings{.name = "adafactor"},
                           optimizer_settings{.name = "adam8bit"});
  bench b;
  auto group = make_group(b, "mlp:10-9x2-4", 0, 3, by);
  const auto x = b.normal({8, 10}), dy = b.normal({8, 4});
  const auto train = [&] {
    group_cache cache;
    group.forward(b.s, x, phase::train, &cache);
    group.backward_and_update(b.s, dy, cache, true, {.terms = 8, .learning_rate = 0.01f, .clip_norm = clip_norm});
  };
  for (int i = 0; i < 3; ++i) train();
  const auto warm = b.where.memory().counters().allocations;
  for (int i = 0; i < 50; ++i) train();
  CHECK(b.where.memory().counters().allocations == warm);
}

} // namespace
} // namespace syngrad

// A forward pass that is made again is the one that was made, and what waits for a gradient meanwhile is small.
#include "models/layer_group.hpp"

#include "models/layers/attention.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/dropout.hpp"
#include "models/layers/gelu.hpp"
#include "models/layers/gru.hpp"
#include "models/layers/layer_norm.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/lstm.hpp"
#include "models/layers/recurrent.hpp"
#include "models/layers/residual.hpp"
#include "tests/models/bench.hpp"
#include "tests/models/layers_of.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace syngrad {
namespace {

constexpr std::int64_t length = 4, wide = 8;

layer_group group_of(stream& s, layer_list layers) {
  return layer_group(s, {{length, wide}}, std::move(layers), optimizer_settings{}, 3, 0);
}

layer_list mixed_layers() {
  auto inner = layers_of(std::make_unique<layer_norm>(wide),
                         std::make_unique<attention>(wide, 2, attention::options{.causal = true}),
                         std::make_unique<dropout>(0.2f));
  return layers_of(
    std::make_unique<linear>(wide, wide, true), std::make_unique<batch_norm>(wide, batch_norm::options{.relu = true}),
    std::make_unique<dropout>(0.3f), std::make_unique<residual>(std::move(inner), layer_list(), residual::options{}),
    std::make_unique<gelu>(wide), std::make_unique<dropout>(0.1f));
}

template <class Recurrent>
layer_list carrying_layers() {
  const recurrent::options how{.carry = true};
  return layers_of(std::make_unique<Recurrent>(wide, wide, how), std::make_unique<dropout>(0.2f),
                   std::make_unique<Recurrent>(wide, wide, how));
}

std::vector<float> everything_in(layer_group& group) {
  std::vector<float> all;
  for (const auto& [name, value] : group.weights()) {
    const auto these = to_vector(value);
    all.insert(all.end(), these.begin(), these.end());
  }
  return all;
}

// Bytes of the memory that these hold, each once.
std::size_t held_by(const std::vector<tensor>& all) {
  std::set<const buffer*> seen;
  std::size_t sum = 0;
  for (const auto& each : all)
    if (each && seen.insert(each.memory().get()).second) sum += each.memory()->bytes();
  return sum;
}

} // namespace

TEST_CASE("a cache that is made again is the one that was, bit for bit, late, out of order and of older weights") {
  const auto make = GENERATE(mixed_layers, carrying_layers<lstm>, carrying_layers<gru>);
  const bool predicts_later = GENERATE(false, true);
  bench b;
  auto plain = group_of(b.s, make()), saving = group_of(b.s, make());
  const auto x_of_batch = [&] { return b.normal({6 * length, wide}); };
  const auto following = b.labels(6, 3).view(0, {6, 1});
  if (predicts_later)
    for (auto* each : {&plain, &saving}) each->predict_later(b.s, {.targets = 1, .classes = 3});

  struct in_flight {
    group_cache cache;
    tensor weights; // of its forward pass
  };
  std::map<layer_group*, std::vector<in_flight>> all;
  for (auto* group : {&plain, &saving}) all[group].resize(5);
  const auto forward = [&](std::size_t i, const tensor& x) {
    std::vector<std::vector<float>> y;
    for (auto* group : {&plain, &saving}) {
      auto& now = all[group][i];
      if (group == &saving) group->keep_beginning(b.s, x, now.cache);
      y.push_back(to_vector(group->forward(b.s, x, phase::train, &now.cache)));
      now.cache.following = {following, following};
      if (group != &saving) continue;
      now.weights = group->copy_of_weights(b.s);
      now.cache.drop_saved();
      CHECK(std::ranges::none_of(now.cache.saved, [](const tensor& each) { return bool(each); }));
    }
    REQUIRE(y[0] == y[1]);
  };
  const auto update = [&](std::size_t i, const tensor& dy, bool with_cache_there) {
    std::vector<std::vector<float>> dx;
    for (auto* group : {&plain, &saving}) {
      auto& now = all[group][i];
      if (group == &saving && !with_cache_there) {
        const auto before = everything_in(saving);
        saving.recompute(b.s, now.cache, now.weights);
        REQUIRE(everything_in(saving) == before);
      }
      dx.push_back(
        to_vector(group->backward_and_update(b.s, dy, now.cache, true, {.terms = 6, .learning_rate = 0.05f})));
    }
    REQUIRE(dx[0] == dx[1]);
    REQUIRE(everything_in(plain) == everything_in(saving));
  };

  forward(0, x_of_batch()); // the first batch carries nothing on
  forward(1, x_of_batch());
  update(1, x_of_batch(), false);
  forward(2, x_of_batch());
  update(0, x_of_batch(), false);
  forward(3, x_of_batch());
  update(3, x_of_batch(), false);
  update(3, x_of_batch(), true); // its cache is still there
  forward(4, x_of_batch());
  update(2, x_of_batch(), false);
  update(4, x_of_batch(), false);
  const auto next = x_of_batch();
  CHECK(to_vector(plain.forward(b.s, next, phase::evaluate, nullptr)) ==
        to_vector(saving.forward(b.s, next, phase::evaluate, nullptr)));
}

TEST_CASE("a cache that is made again with the weights of the moment differs where these have changed") {
  bench b;
  auto group = group_of(b.s, mixed_layers());
  group_cache cache, other;
  group.keep_beginning(b.s, b.normal({6 * length, wide}), cache);
  group.forward(b.s, cache.beginning.input, phase::train, &cache);
  const auto weights = group.copy_of_weights(b.s);
  const auto first = to_vector(cache.saved[1]);
  group.forward(b.s, b.normal({6 * length, wide}), phase::train, &other);
  group.backward_and_update(b.s, b.normal({6 * length, wide}), other, false, {.terms = 6, .learning_rate = 0.05f});
  group.recompute(b.s, cache);
  CHECK(to_vector(cache.saved[1]) != first);
  group.recompute(b.s, cache, weights);
  CHECK(to_vector(cache.saved[1]) == first);
}

TEST_CASE(
  "of four layers a batch that waits keeps at most two fifths of their cache, and nothing more once it is done") {
  const std::string model = GENERATE("mlp:64-64x4-64", "gpt:4x32,heads=4,context=16,vocab=11");
  CAPTURE(model);
  bench b;
  auto net = std::move(*make_network(model));
  const auto specs = infer_specs(net).value();
  layer_list layers;
  std::size_t first = 0;
  if (net.input.is_numbers()) first = 1; // what is embedded
  std::size_t before = 0;
  for (std::size_t i = 0; i < first; ++i) before += net.units[i].size();
  for (std::size_t i = first; i < first + 4; ++i)
    for (auto& each : net.units[i]) layers.push_back(std::move(each));
  layer_group group(b.s, specs[before], std::move(layers), {}, 3, 0);
  const auto x = b.normal({32 * specs[before].rows(), specs[before].features()});
  group_cache cache;
  group.keep_beginning(b.s, x, cache);
  const auto y = group.forward(b.s, x, phase::train, &cache);
  const auto whole = held_by(cache.saved); // with x, which the first layer keeps
  cache.drop_saved();
  std::vector<tensor> kept{cache.beginning.input, cache.beginning.state};
  kept.insert(kept.end(), cache.beginning.carried.begin(), cache.beginning.carried.end());
  CHECK(held_by(kept) * 5 <= whole * 2);
  CHECK(held_by(kept) > 0);
  cache.drop();
  CHECK_FALSE(cache.beginning.input);
  CHECK_FALSE(cache.beginning.state);
}

TEST_CASE("once warm, forward passes that are made again allocate no device memory") {
  bench b;
  auto group = group_of(b.s, carrying_layers<lstm>());
  const auto x = b.normal({6 * length, wide});
  group_cache cache;
  const auto train = [&] {
    group.keep_beginning(b.s, x, cache);
    group.forward(b.s, x, phase::train, &cache);
    cache.drop_saved();
    group.recompute(b.s, cache, group.copy_of_weights(b.s));
    group.backward_and_update(b.s, x, cache, true, {.terms = 6, .learning_rate = 0.01f});
    cache.drop();
  };
  for (int i = 0; i < 3; ++i) train();
  const auto warm = b.where.memory().counters().allocations;
  for (int i = 0; i < 50; ++i) train();
  CHECK(b.where.memory().counters().allocations == warm);
}

} // namespace syngrad

// Every predictor and a group on a device that does its work late and out of order between streams: what is read
// before it is written, or overwritten before it was read, would show.
#include "models/layer_group.hpp"
#include "models/synthetic_gradient_model.hpp"

#include "models/layers/attention.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/dropout.hpp"
#include "models/layers/embedding.hpp"
#include "models/layers/gelu.hpp"
#include "models/layers/gru.hpp"
#include "models/layers/layer_norm.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/lstm.hpp"
#include "models/layers/residual.hpp"
#include "tests/models/layers_of.hpp"
#include "tests/models/train_predictor.hpp"
#include "tests/support/late_device.hpp"

namespace syngrad {
namespace {

class random_data {
public:
  static constexpr std::int64_t batch = 24, features = 8;
  static constexpr std::int32_t classes = 4;

  explicit random_data(stream& s) : s_(s) {}

  tensor normal() {
    std::vector<float> drawn(batch * features);
    for (auto& each : drawn) each = static_cast<float>(random_.normal());
    return upload(drawn.data(), {batch, features}, dtype::f32);
  }
  tensor labels() { return numbers(batch, classes); }
  tensor numbers(std::int64_t count, std::int32_t below) {
    std::vector<std::int32_t> drawn(static_cast<std::size_t>(count));
    for (auto& each : drawn) each = static_cast<std::int32_t>(random_.below(static_cast<std::uint32_t>(below)));
    return upload(drawn.data(), {count}, dtype::i32);
  }
  tensor weights(std::int64_t count) {
    std::vector<float> drawn(static_cast<std::size_t>(count));
    for (auto& each : drawn) each = static_cast<float>(random_.uniform(0.2, 3));
    return upload(drawn.data(), {count}, dtype::f32);
  }
  tensor part(const tensor& of, std::int64_t count) { // its first rows, in memory of their own
    auto out = make_tensor(s_, {count, of.columns()});
    s_.ops().copy(s_, of.view(0, {count, of.columns()}), out);
    return out;
  }

private:
  tensor upload(const void* from, shape extents, dtype type) {
    auto made = make_tensor(s_, extents, type);
    s_.ops().upload(s_, from, made);
    return made;
  }

  stream& s_;
  random_source random_{11, 0};
};

constexpr std::int64_t some = 10; // of the samples of a batch

// Predictions while a predictor trains, its solves run on a stream of their own and end one batch later. In turns on
// whole batches and on weighted samples of them.
std::vector<std::vector<float>> predictions(device& where, const std::string& kind, bool recorded = false) {
  auto& s = where.make_stream();
  auto& solver = where.make_stream();
  random_source random(3, 0);
  random_data data(s);
  const auto model =
    std::move(make_synthetic_gradient_model(s, {.kind = kind}, task_of(data.features, data.classes), random).value());
  model->use_recordings(recorded);
  std::vector<tensor> made;
  std::shared_ptr<background_solve> solve;
  for (int i = 0; i < 20; ++i) {
    const auto h = data.normal();
    const auto labels = data.labels();
    const auto target = data.normal();
    if (i % 2 == 0) {
      model->train(s, h, labels, target, 1e-2f);
    } else {
      const auto numbers = data.numbers(some, data.batch);
      const auto weights = data.weights(some);
      const training_samples only{numbers, &weights};
      model->train(s, h, labels, data.part(target, some), 1e-2f, &only);
    }
    if (solve) model->finish_solve(s, *std::exchange(solve, nullptr));
    solve = model->begin_solve(s);
    if (solve) solve->run(solver);
    made.push_back(model->predict(s, h, labels));
  }
  where.synchronize();
  std::vector<std::vector<float>> all;
  for (const auto& each : made) all.push_back(to_vector(each));
  REQUIRE((model->recordings().replays > 0) == (recorded && where.records_work()));
  return all;
}

TEST_CASE("every predictor gives the same on a late device as on the CPU, its solves on another stream") {
  configure_compute_thread();
  for (const auto* kind :
       {"ridge:0.9@1", "ridge:0.9@3", "linear", "lowrank:3", "mlp:6x2", "exit", "head:mlp:5", "head:early-exit"}) {
    cpu_device cpu;
    const auto expected = predictions(cpu, kind);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      INFO(kind << ", seed " << seed);
      test::late_device late(seed);
      REQUIRE(predictions(late, kind) == expected);
    }
  }
}

TEST_CASE("every predictor gives the same where its work is replayed, its solves on another stream") {
  configure_compute_thread();
  for (const auto* kind :
       {"ridge:0.9@1", "ridge:0.9@3", "linear", "lowrank:3", "mlp:6x2", "exit", "head:mlp:5", "head:early-exit"}) {
    cpu_device cpu;
    const auto expected = predictions(cpu, kind, true);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      INFO(kind << ", seed " << seed);
      test::late_device late(seed);
      REQUIRE(predictions(late, kind, true) == expected);
    }
  }
}

// A group that takes and gives `features` of each row.
struct group_case {
  const char* name;
  sample_spec input;
  layer_list (*make)();
};

layer_list layers_of_network(const char* description) {
  auto net = std::move(make_network(description).value());
  layer_list layers;
  for (auto& unit : net.units)
    for (auto& each : unit) layers.push_back(std::move(each));
  return layers;
}

std::unique_ptr<layer> projecting_residual() {
  return std::make_unique<residual>(
    layers_of(std::make_unique<linear>(8, 12, false), std::make_unique<batch_norm>(12, batch_norm::options{})),
    layers_of(std::make_unique<linear>(8, 12, true)), residual::options{.relu = true});
}

layer_list layers_of_transformer() {
  return layers_of(std::make_unique<layer_norm>(8),
                   std::make_unique<attention>(8, 2, attention::options{.causal = true}), std::make_unique<gelu>(8),
                   std::make_unique<attention>(8, 4, attention::options{}));
}

const group_case all_groups[] = {
  {"mlp", {{8}}, [] { return layers_of_network("mlp:8-12x2-8"); }},
  {"dropout",
   {{8}},
   [] {
     return layers_of(std::make_unique<dropout>(0.3f), std::make_unique<linear>(8, 8, true),
                      std::make_unique<dropout>(0.5f));
   }},
  {"lstm and gru, carrying",
   {{3, 8}},
   [] {
     const recurrent::options carrying{.carry = true};
     return layers_of(std::make_unique<lstm>(8, 6, carrying), std::make_unique<gru>(6, 8, carrying));
   }},
  {"residual", {{3, 8}}, [] { return layers_of(projecting_residual(), std::make_unique<linear>(12, 8, true)); }},
  {"transformer", {{3, 8}}, [] { return layers_of_transformer(); }},
  {"transformer of tokens",
   {{3}, dtype::i32, random_data::classes},
   [] {
     auto layers = layers_of_transformer();
     layers.insert(layers.begin(),
                   std::make_unique<embedding>(random_data::classes, 8, embedding::options{.positions = 5}));
     return layers;
   }},
};

std::vector<std::vector<float>> trained_weights(device& where, const group_case& of, const optimizer_settings& by,
                                                float clip_norm, bool recorded = false) {
  auto& s = where.make_stream();
  layer_group group(s, of.input, of.make(), by, 2, 0);
  group.use_recordings(recorded);
  random_data data(s);
  group_cache caches[2]; // the gradient of a batch comes when the next one has passed
  for (int i = 0; i < 40; ++i) {
    group.forward(s, of.input.is_numbers() ? data.labels() : data.normal(), phase::train, &caches[i % 2]);
    if (i > 0)
      group.backward_and_update(s, data.normal(), caches[(i + 1) % 2], !of.input.is_numbers(),
                                {.terms = data.batch,
                                 .learning_rate = 1e-2f / static_cast<float>(i),
                                 .clip_norm = clip_norm / static_cast<float>(i)});
  }
  REQUIRE(group.version() == 39); // counted by replays, too
  REQUIRE((group.recordings().replays > 40) == (recorded && where.records_work()));
  where.synchronize();
  std::vector<std::vector<float>> all;
  for (const auto& [name, value] : group.weights()) all.push_back(to_vector(value));
  return all;
}

TEST_CASE("a group trains to the same weights on a late device as on the CPU") {
  configure_compute_thread();
  const auto by = GENERATE(optimizer_settings{}, optimizer_settings{.name = "muon"},
                           optimizer_settings{.name = "muon", .muon_every = 3});
  for (const auto& each : all_groups)
    for (const auto clip_norm : {0.0f, 0.3f}) {
      cpu_device cpu;
      const auto expected = trained_weights(cpu, each, by, clip_norm);
      for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        INFO(by.name << ", " << each.name << ", clipped to " << clip_norm << ", seed " << seed);
        test::late_device late(seed);
        REQUIRE(trained_weights(late, each, by, clip_norm) == expected);
        test::late_device recording(seed);
        REQUIRE(trained_weights(recording, each, by, clip_norm, true) == expected);
      }
    }
}

} // namespace
} // namespace syngrad

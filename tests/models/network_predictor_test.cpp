#include "models/synthetic_gradient_model.hpp"

#include "tests/models/finite_differences.hpp"
#include "tests/models/train_predictor.hpp"

namespace syngrad {
namespace {

struct predictor_case {
  const char* kind;
  bool labels;
};

constexpr predictor_case predictor_cases[] = {{"linear", true},     {"linear", false}, {"lowrank:3", true},
                                              {"lowrank:3", false}, {"mlp:6", true},   {"mlp:6x2", true},
                                              {"mlp:6x2", false}};

TEST_CASE("a training step moves every parameter against the gradient of the mean squared error") {
  for (const auto& [kind, labels_used] : predictor_cases) {
    INFO(kind << (labels_used ? " with labels" : ""));
    bench b;
    constexpr std::int64_t batch = 16, features = 5;
    auto made = make_synthetic_gradient_model(b.s, {.kind = kind, .labels = labels_used, .optimizer = {.name = "sgd"}},
                                              task_of(features, 3), b.random);
    auto& model = **made;
    for (auto* each : model.parameters()) // the last stage is zero: no gradient would pass it
      if (each->trained())
        for (auto& value : values(each->value)) value += static_cast<float>(0.3 * b.random.normal());

    const auto h = b.normal({batch, features}), target = b.normal({batch, features});
    const auto labels = b.labels(batch, 3);
    const auto loss = [&] {
      const auto prediction = model.predict(b.s, h, labels);
      double sum = 0;
      for (std::int64_t i = 0; i < prediction.elements(); ++i) {
        const auto error = double{prediction.f32()[i]} - target.f32()[i];
        sum += error * error;
      }
      return sum / batch;
    };

    std::vector<std::vector<float>> before;
    for (const auto* each : model.parameters()) before.push_back(to_vector(each->value));
    constexpr float rate = 0.5f;
    model.train(b.s, h, labels, target, rate);
    std::vector<std::vector<float>> gradients;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const auto now = values(model.parameters()[i]->value);
      auto& gradient = gradients.emplace_back();
      for (std::size_t j = 0; j < now.size(); ++j) gradient.push_back((before[i][j] - now[j]) / rate);
      std::ranges::copy(before[i], now.begin());
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      const auto* each = model.parameters()[i];
      INFO(each->name);
      if (each->trained()) check_gradient(values(each->value), gradients[i], loss);
    }
  }
}

TEST_CASE("linear trains from the prediction that it has made of a batch, as long as its weights are the same") {
  bench b;
  const auto make = [&] {
    return std::move(make_synthetic_gradient_model(b.s, {.kind = "linear"}, task_of(5, 3), b.random).value());
  };
  const auto used = make(), apart = make();
  const auto h = b.normal({16, 5}), target = b.normal({16, 5}), test = b.normal({16, 5});
  const auto same_h = b.upload({16, 5}, to_vector(h)); // in memory of its own: a batch that was not predicted for
  const auto labels = b.labels(16, 3);
  const auto equal = [&] {
    return to_vector(used->predict(b.s, test, labels)) == to_vector(apart->predict(b.s, test, labels));
  };
  for (int i = 0; i < 3; ++i) {
    used->predict(b.s, h, labels);
    used->train(b.s, h, labels, target, 1e-2f);
    apart->train(b.s, same_h, labels, target, 1e-2f);
    REQUIRE(equal());
  }
  // That it is taken shows where somebody has changed it.
  values(used->predict(b.s, h, labels))[7] += 1;
  used->train(b.s, test, labels, target, 1e-2f); // other weights from now on
  used->train(b.s, h, labels, target, 1e-2f);
  apart->train(b.s, test, labels, target, 1e-2f);
  apart->train(b.s, same_h, labels, target, 1e-2f);
  REQUIRE(equal());
  values(used->predict(b.s, h, labels))[7] += 1;
  used->train(b.s, h, labels, target, 1e-2f);
  apart->train(b.s, same_h, labels, target, 1e-2f);
  REQUIRE_FALSE(equal());
}

TEST_CASE("a predictor's loss does not depend on the batch size") {
  bench b;
  const auto h = b.normal({8, 5}), target = b.normal({8, 5});
  const auto labels = b.labels(8, 3);
  const auto twice = [&](const tensor& of) {
    auto all = to_vector(of);
    all.insert(all.end(), all.begin(), all.begin() + of.elements());
    return b.upload({16, 5}, all);
  };
  auto labels_twice = make_tensor(b.s, {16}, dtype::i32);
  for (int i = 0; i < 16; ++i) labels_twice.i32()[i] = labels.i32()[i % 8];

  std::vector<float> predictions[2];
  for (const bool doubled : {false, true}) {
    auto model =
      make_synthetic_gradient_model(b.s, {.kind = "linear", .optimizer = {.name = "sgd"}}, task_of(5, 3), b.random);
    for (int step = 0; step < 5; ++step) {
      if (doubled)
        (*model)->train(b.s, twice(h), labels_twice, twice(target), 0.05f);
      else
        (*model)->train(b.s, h, labels, target, 0.05f);
    }
    predictions[doubled] = to_vector((*model)->predict(b.s, h, labels));
  }
  CHECK(relative_distance(predictions[1], predictions[0]) < tolerance::products);
}

} // namespace
} // namespace syngrad

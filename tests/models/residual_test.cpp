// What is a residual's own; its gradients are tested with those of all layers.
#include "models/layers/residual.hpp"

#include "models/layer_group.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/flatten.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/relu.hpp"
#include "tests/models/bench.hpp"
#include "tests/models/layers_of.hpp"
#include "tests/models/tolerances.hpp"

namespace syngrad {
namespace {

std::unique_ptr<layer> dense(std::int64_t inputs, std::int64_t outputs) {
  return std::make_unique<linear>(inputs, outputs, true);
}

std::unique_ptr<layer> norm_of(std::int64_t features) {
  return std::make_unique<batch_norm>(features, batch_norm::options{});
}

// Parameters of all kinds of nesting: a residual within the skip of another one.
std::unique_ptr<layer> nested() {
  return std::make_unique<residual>(
    layers_of(dense(3, 4)),
    layers_of(norm_of(3),
              std::make_unique<residual>(layers_of(dense(3, 4)), layers_of(dense(3, 4)), residual::options{})),
    residual::options{.relu = true});
}

TEST_CASE("a residual is the sum of its branches, with a relu where that is asked for") {
  for (const bool with_relu : {false, true})
    for (const bool projects : {false, true}) {
      INFO((with_relu ? "relu" : "no relu") << (projects ? ", projection" : ""));
      bench b;
      const std::int64_t outputs = projects ? 5 : 6;
      linear inner(6, outputs, true), skip(6, outputs, true);
      residual tested(layers_of(dense(6, outputs)), projects ? layers_of(dense(6, outputs)) : layer_list(),
                      {.relu = with_relu});
      arena memory(b.s, {inner.parameters(), skip.parameters(), tested.parameters()});
      inner.initialize(b.s, b.random);
      skip.initialize(b.s, b.random);
      const auto own = tested.parameters();
      REQUIRE(own.size() == (projects ? 4 : 2));
      for (std::size_t i = 0; i < own.size(); ++i)
        b.s.ops().copy(b.s, (i < 2 ? inner : skip).parameters()[i % 2]->value, own[i]->value);

      const auto x = b.normal({3, 4, 6});
      const auto branch = to_vector(inner.forward(b.s, x, phase::evaluate, {}));
      const auto other = projects ? to_vector(skip.forward(b.s, x, phase::evaluate, {})) : to_vector(x);
      const auto y = tested.forward(b.s, x, phase::evaluate, {});
      CHECK(y.extents() == shape{3, 4, outputs});
      auto expected = branch;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i] += other[i];
        if (with_relu && expected[i] < 0) expected[i] = 0;
      }
      CHECK(to_vector(y) == expected);
    }
}

TEST_CASE("parameters of nested layers are named as torch.nn.Sequential names them, and drawn in that order") {
  bench b;
  layer_group group(b.s, {{3}}, layers_of(dense(3, 3), nested()), {}, 7, 4);
  std::vector<std::string> names;
  for (const auto& [name, value] : group.weights()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"4.weight", "4.bias", "5.0.weight", "5.0.bias", "5.skip.0.gamma",
                                          "5.skip.0.beta", "5.skip.0.running_mean", "5.skip.0.running_variance",
                                          "5.skip.1.0.weight", "5.skip.1.0.bias", "5.skip.1.skip.0.weight",
                                          "5.skip.1.skip.0.bias"});

  random_source random(7, 5); // of layer 5
  linear first(3, 4, true), second(3, 4, true), third(3, 4, true);
  arena memory(b.s, {first.parameters(), second.parameters(), third.parameters()});
  for (auto* each : {&first, &second, &third}) each->initialize(b.s, random);
  const auto weights = group.weights();
  CHECK(to_vector(weights[2].value) == to_vector(first.parameters()[0]->value));
  CHECK(to_vector(weights[8].value) == to_vector(second.parameters()[0]->value));
  CHECK(to_vector(weights[11].value) == to_vector(third.parameters()[1]->value));
}

TEST_CASE("no gradient passes a residual's relu where its output is zero") {
  bench b;
  residual plain(layers_of(dense(6, 5)), layers_of(dense(6, 5)), {});
  residual with_relu(layers_of(dense(6, 5)), layers_of(dense(6, 5)), {.relu = true});
  arena memory(b.s, {plain.parameters(), with_relu.parameters()});
  plain.initialize(b.s, b.random);
  for (std::size_t i = 0; i < 4; ++i)
    b.s.ops().copy(b.s, plain.parameters()[i]->value, with_relu.parameters()[i]->value);
  const auto x = b.normal({7, 6}), dy = b.normal({7, 5});
  std::vector<tensor> of_plain(plain.cached_tensors()), of_relu(with_relu.cached_tensors());
  const auto sum = to_vector(plain.forward(b.s, x, phase::train, of_plain));
  with_relu.forward(b.s, x, phase::train, of_relu);
  auto passed = to_vector(dy);
  for (std::size_t i = 0; i < sum.size(); ++i)
    if (sum[i] <= 0) passed[i] = 0;
  const auto expected = to_vector(plain.backward(b.s, b.upload({7, 5}, passed), of_plain, {}));
  CHECK(to_vector(with_relu.backward(b.s, dy, of_relu, {})) == expected);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(to_vector(with_relu.parameters()[i]->gradient) == to_vector(plain.parameters()[i]->gradient));
}

TEST_CASE("where a branch hands its gradient on unchanged, the other one still gets it whole") {
  bench b;
  residual tested(layers_of(std::make_unique<flatten>(shape{5})), {}, {});
  std::vector<tensor> cache(tested.cached_tensors());
  const auto x = b.normal({4, 5}), dy = b.normal({4, 5});
  const auto before = to_vector(dy);
  auto twice = to_vector(x);
  for (auto& each : twice) each *= 2;
  CHECK(to_vector(tested.forward(b.s, x, phase::train, cache)) == twice);
  const auto dx = to_vector(tested.backward(b.s, dy, cache, {}));
  for (std::size_t i = 0; i < dx.size(); ++i) REQUIRE(dx[i] == 2 * before[i]);
  CHECK(to_vector(dy) == before);
}

TEST_CASE("a residual keeps what its layers keep, and its output only for a relu") {
  const auto kept = [](bool with_relu) {
    return residual(layers_of(dense(4, 4), norm_of(4)), layers_of(dense(4, 4)), {.relu = with_relu}).cached_tensors();
  };
  CHECK(kept(false) == 1 + 3 + 1);
  CHECK(kept(true) == 1 + 3 + 1 + 1);
  CHECK(nested()->cached_tensors() == 1 + 3 + 1 + 1 + 1);
}

TEST_CASE("a residual tells its cost and the samples that it needs by the shapes inside") {
  const residual plain(layers_of(dense(6, 5), dense(5, 6)), {}, {});
  CHECK(plain.multiply_adds({{6}}) == 2 * 3.0 * 30 + 12);
  const residual with_relu(layers_of(dense(6, 5)), layers_of(dense(6, 5)), {.relu = true});
  CHECK(with_relu.multiply_adds({{4, 6}}) == 4 * (2 * 3.0 * 30 + 2 * 11));
  CHECK(plain.least_samples({{6}}) == 1);

  // Two positions of a sample are one row once they are flattened.
  const residual narrow(layers_of(std::make_unique<flatten>(shape{2, 3}), norm_of(6)),
                        layers_of(std::make_unique<flatten>(shape{2, 3})), {});
  CHECK(narrow.infer({{2, 3}}).value() == sample_spec{{6}});
  CHECK(narrow.least_samples({{2, 3}}) == 2);
  const residual in_skip(layers_of(dense(3, 3)), layers_of(norm_of(3)), {});
  CHECK(in_skip.least_samples({{2, 3}}) == 1);
  CHECK(in_skip.least_samples({{3}}) == 2);
}

TEST_CASE("a residual describes itself, and names what does not fit in it") {
  const residual projecting(layers_of(dense(3, 4), std::make_unique<relu>(4)), layers_of(dense(3, 4)), {.relu = true});
  CHECK(projecting.describe() == "residual (linear 3->4; relu 4) + skip (linear 3->4) + relu");
  CHECK(projecting.infer({{2, 3}}).value() == sample_spec{{2, 4}});
  CHECK(projecting.infer({{5}}).message() == "holds layer 0 (linear 3->4), which takes 3 features and gets 5 features");
  CHECK(residual(layers_of(dense(3, 4), std::make_unique<relu>(5)), {}, {}).infer({{3}}).message() ==
        "holds layer 1 (relu 5), which takes 5 features and gets 4 features");
  CHECK(residual(layers_of(dense(3, 4)), layers_of(dense(2, 4)), {}).infer({{3}}).message() ==
        "has a skip that holds layer 0 (linear 2->4), which takes 2 features and gets 3 features");
  CHECK(residual(layers_of(dense(3, 4)), {}, {}).infer({{3}}).message() ==
        "adds 3 features of its skip to 4 features of its layers and takes a skip that gives those");
  CHECK(residual({}, {}, {}).infer({{3}}).message() == "holds no layers and takes at least one");
}

} // namespace
} // namespace syngrad

#include "models/layers/attention.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/embedding.hpp"
#include "models/layers/flatten.hpp"
#include "models/layers/gelu.hpp"
#include "models/layers/layer_norm.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/relu.hpp"
#include "models/layers/residual.hpp"

#include "tests/models/layer_checks.hpp"
#include "tests/models/layers_of.hpp"

#include <memory>

namespace syngrad {
namespace {

struct layer_case {
  const char* name;
  std::unique_ptr<layer> (*make)(const shape& input, std::int64_t outputs);
};

std::int64_t width(const shape& input) {
  return sample_spec{input}.features();
}

std::unique_ptr<layer> dense_layer(std::int64_t inputs, std::int64_t outputs) {
  return std::make_unique<linear>(inputs, outputs, true);
}

// The inner layers end where they begin, so that the identity is a skip.
std::unique_ptr<layer> identity_residual(std::int64_t features, std::int64_t hidden) {
  return std::make_unique<residual>(layers_of(dense_layer(features, hidden), dense_layer(hidden, features)),
                                    layer_list(), residual::options{});
}

const layer_case all_layers[] = {
  {"linear",
   [](const shape& i, std::int64_t o) -> std::unique_ptr<layer> {
     return std::make_unique<linear>(width(i), o, false);
   }},
  {"linear with bias",
   [](const shape& i, std::int64_t o) -> std::unique_ptr<layer> {
     return std::make_unique<linear>(width(i), o, true);
   }},
  {"relu", [](const shape& i, std::int64_t) -> std::unique_ptr<layer> { return std::make_unique<relu>(width(i)); }},
  {"batch norm",
   [](const shape& i, std::int64_t) -> std::unique_ptr<layer> {
     return std::make_unique<batch_norm>(width(i), batch_norm::options{});
   }},
  {"batch norm with relu",
   [](const shape& i, std::int64_t) -> std::unique_ptr<layer> {
     return std::make_unique<batch_norm>(width(i), batch_norm::options{.relu = true});
   }},
  {"residual", [](const shape& i, std::int64_t o) -> std::unique_ptr<layer> { return identity_residual(width(i), o); }},
  {"residual with projection and relu",
   [](const shape& i, std::int64_t o) -> std::unique_ptr<layer> {
     return std::make_unique<residual>(layers_of(dense_layer(width(i), o)), layers_of(dense_layer(width(i), o)),
                                       residual::options{.relu = true});
   }},
  {"residual within a residual, batch norm in its skip",
   [](const shape& i, std::int64_t o) -> std::unique_ptr<layer> {
     return std::make_unique<residual>(
       layers_of(dense_layer(width(i), o), identity_residual(o, 5)),
       layers_of(std::make_unique<linear>(width(i), o, false), std::make_unique<batch_norm>(o, batch_norm::options{})),
       residual::options{});
   }},
  {"flatten", [](const shape& i, std::int64_t) -> std::unique_ptr<layer> { return std::make_unique<flatten>(i); }},
  {"layer norm",
   [](const shape& i, std::int64_t) -> std::unique_ptr<layer> { return std::make_unique<layer_norm>(width(i)); }},
  {"gelu", [](const shape& i, std::int64_t) -> std::unique_ptr<layer> { return std::make_unique<gelu>(width(i)); }},
  {"gelu with tanh",
   [](const shape& i, std::int64_t) -> std::unique_ptr<layer> {
     return std::make_unique<gelu>(width(i), gelu_approximation::tanh);
   }},
};

// Of a sample: features alone, or with one, two or three axes of positions.
shape random_sample(bench& b, std::int64_t rank) {
  std::vector<std::int64_t> extents{b.between(1, 13)};
  while (static_cast<std::int64_t>(extents.size()) < rank) extents.insert(extents.begin(), b.between(1, 3));
  return shape(extents);
}

TEST_CASE("every layer's gradients agree with finite differences on random shapes") {
  for (const auto& each : all_layers)
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      INFO(each.name << ", seed " << seed);
      bench b(seed);
      const auto batch = b.between(8, 20);
      const auto of_sample = random_sample(b, static_cast<std::int64_t>(seed));
      check_finite_differences(b, {b, each.make(of_sample, b.between(1, 13)), of_sample}, batch);
    }
}

TEST_CASE("accumulating adds to the parameter gradients, and asking for no gradient computes none") {
  for (const auto& each : all_layers) {
    INFO(each.name);
    bench b;
    check_accumulation(b, {b, each.make({7}, 5), {7}}, 12);
  }
}

TEST_CASE("batches in flight through one layer do not disturb each other, whatever the order of their gradients") {
  for (const auto& each : all_layers) {
    INFO(each.name);
    bench b;
    check_late_gradients(b, {b, each.make({9}, 6), {9}}, 10);
  }
}

TEST_CASE("a backward pass in two parts gives what one at once gives, bit for bit") {
  for (const auto& each : all_layers) {
    INFO(each.name);
    bench b;
    check_two_parts(b, {b, each.make({9}, 6), {9}}, 10);
  }
}

TEST_CASE("a linear layer computes x W^T + b") {
  bench b;
  linear tested(3, 2, true);
  arena memory(b.s, {tested.parameters()});
  const auto parameters = tested.parameters();
  std::ranges::copy(std::vector<float>{1, 2, 3, 4, 5, 6}, parameters[0]->value.f32());
  std::ranges::copy(std::vector<float>{10, 20}, parameters[1]->value.f32());
  const auto y = tested.forward(b.s, b.upload({2, 3}, {1, 0, -1, 2, 1, 0}), phase::evaluate, {});
  CHECK(to_vector(y) == std::vector<float>{8, 18, 14, 33});
}

TEST_CASE("a linear layer starts uniform within one over the root of its inputs, or at zero") {
  bench b;
  linear random(100, 50, true), zero(100, 50, true, linear::start::zero);
  arena memory(b.s, {random.parameters(), zero.parameters()});
  random.initialize(b.s, b.random);
  zero.initialize(b.s, b.random);
  double sum = 0, squares = 0;
  for (const auto weight : values(random.parameters()[0]->value)) {
    REQUIRE(std::abs(weight) <= 0.1f);
    sum += weight;
    squares += double{weight} * weight;
  }
  CHECK(std::abs(sum / 5000) < 0.003);                     // four deviations of the mean
  CHECK(squares / 5000 == Approx(0.01 / 3).epsilon(0.06)); // variance of the uniform distribution
  for (const auto* each : zero.parameters()) CHECK(norm(values(each->value)) == 0);
}

TEST_CASE("batch norm normalises the batch in training and with running statistics in evaluation") {
  bench b;
  batch_norm tested(1, {.momentum = 0.1f});
  arena memory(b.s, {tested.parameters()});
  tested.initialize(b.s, b.random);
  const auto x = b.upload({4, 1}, {1, 2, 3, 6});
  std::vector<tensor> cache(tested.cached_tensors());
  const auto y = to_vector(tested.forward(b.s, x, phase::train, cache));
  const auto deviation = std::sqrt(3.5 + 1e-5); // biased variance of 1, 2, 3, 6 around 3
  for (std::size_t i = 0; i < 4; ++i) CHECK(y[i] == Approx((x.f32()[i] - 3) / deviation).margin(tolerance::formula));

  const auto mean = 0.1 * 3, variance = 0.9 + 0.1 * 14.0 / 3; // unbiased
  CHECK(values(tested.parameters()[2]->value)[0] == Approx(mean).epsilon(tolerance::formula));
  CHECK(values(tested.parameters()[3]->value)[0] == Approx(variance).epsilon(tolerance::formula));
  const auto evaluated = to_vector(tested.forward(b.s, x, phase::evaluate, {}));
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(evaluated[i] == Approx((x.f32()[i] - mean) / std::sqrt(variance + 1e-5)).margin(2 * tolerance::formula));
  CHECK(values(tested.parameters()[2]->value)[0] == Approx(mean).epsilon(tolerance::formula));
}

TEST_CASE("batch norm takes its statistics over all positions of all samples") {
  bench b;
  batch_norm flat(2, {}), wide(2, {});
  arena memory(b.s, {flat.parameters(), wide.parameters()});
  flat.initialize(b.s, b.random);
  wide.initialize(b.s, b.random);
  const auto x = b.normal({12, 2});
  std::vector<tensor> of_flat(3), of_wide(3);
  const auto expected = to_vector(flat.forward(b.s, x, phase::train, of_flat));
  CHECK(to_vector(wide.forward(b.s, x.view(0, {2, 3, 2, 2}), phase::train, of_wide)) == expected);
  CHECK(to_vector(wide.parameters()[3]->value) == to_vector(flat.parameters()[3]->value));
}

TEST_CASE("layers describe themselves, their cost, and what they make of a sample") {
  const sample_spec image{{28, 28, 1}}, row{{784}};
  CHECK(linear(784, 256, false).describe() == "linear 784->256");
  CHECK(linear(784, 256, false).multiply_adds(row) == 3.0 * 784 * 256);
  CHECK(linear(784, 256, false).infer(row).value() == sample_spec{{256}});
  CHECK(linear(1, 8, false).infer(image).value() == sample_spec{{28, 28, 8}});
  CHECK(linear(1, 8, false).multiply_adds(image) == 3.0 * 28 * 28 * 8);
  CHECK(linear(784, 256, false).infer(image).message() == "takes 784 features");
  CHECK(relu(3).infer(label_spec(3)).message() == "takes 3 features");
  CHECK(batch_norm(256, {.relu = true}).describe() == "batch norm 256 + relu");
  CHECK(batch_norm(256, {}).describe() == "batch norm 256");
  CHECK(batch_norm(256, {}).least_samples({{256}}) == 2);
  CHECK(batch_norm(256, {}).least_samples({{2, 256}}) == 1);
  CHECK(relu(12).describe() == "relu 12");
  CHECK(flatten({28, 28, 1}).describe() == "flatten 28x28x1");
  CHECK(flatten({28, 28, 1}).infer(image).value() == row);
  CHECK(flatten({28, 28, 1}).infer(row).message() == "takes 28x28x1");
}

} // namespace
} // namespace syngrad

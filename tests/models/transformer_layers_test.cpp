#include "models/layers/attention.hpp"
#include "models/layers/embedding.hpp"
#include "models/layers/gelu.hpp"
#include "models/layers/layer_norm.hpp"
#include "models/layers/linear.hpp"

#include "models/layer_group.hpp"
#include "models/objective.hpp"
#include "tests/models/bound_layer.hpp"
#include "tests/models/finite_differences.hpp"
#include "tests/models/layer_checks.hpp"
#include "tests/models/layers_of.hpp"

namespace syngrad {
namespace {

sample_spec tokens_of(std::int64_t context, std::int32_t below) {
  return {{context}, dtype::i32, below};
}

tensor random_tokens(bench& b, const shape& extents, std::int32_t below) {
  return b.labels(extents.elements(), below).view(0, extents);
}

struct attention_case {
  std::int64_t context, heads, width;
  attention::options how;

  std::int64_t features() const { return heads * width; }
  std::unique_ptr<layer> make() const { return std::make_unique<attention>(features(), heads, how); }
  shape sample() const { return {context, features()}; }
};

std::vector<attention_case> attention_cases(bench& b) {
  std::vector<attention_case> all;
  for (const bool causal : {false, true})
    for (const bool bias : {false, true})
      all.push_back({b.between(1, 9), b.between(1, 3), b.between(1, 5), {.causal = causal, .bias = bias}});
  return all;
}

TEST_CASE("attention's gradients agree with finite differences on random shapes") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    bench b(seed);
    for (const auto& each : attention_cases(b)) {
      CAPTURE(seed, each.context, each.heads, each.width, each.how.causal, each.how.bias);
      bound_layer tested(b, each.make(), each.sample());
      auto x = b.normal(tested.input.of(3));
      const auto dy = b.normal(tested.output.of(3));
      auto cache = tested.cache();
      const auto y = tested.it->forward(b.s, x, phase::train, cache);
      REQUIRE(y.extents() == x.extents());
      const auto dx = tested.it->backward(b.s, dy, cache, {});
      REQUIRE(dx.extents() == x.extents());
      const auto loss = [&] {
        auto unused = tested.cache();
        return weighted_sum(tested.it->forward(b.s, x, phase::train, unused), dy);
      };
      check_gradient(values(x), values(dx), loss);
      for (auto* parameter : tested.it->parameters()) {
        INFO(parameter->name);
        check_gradient(values(parameter->value), values(parameter->gradient), loss);
      }
    }
  }
}

TEST_CASE("attention in evaluation gives what it gives in training, without a cache") {
  bench b;
  for (const auto& each : attention_cases(b)) {
    bound_layer tested(b, each.make(), each.sample());
    const auto x = b.normal(tested.input.of(2));
    auto cache = tested.cache();
    const auto trained = to_vector(tested.it->forward(b.s, x, phase::train, cache));
    CHECK(to_vector(tested.it->forward(b.s, x, phase::evaluate, {})) == trained);
  }
}

TEST_CASE("gradients of attention come late, out of order and by parts, as they would have come at once") {
  bench b;
  for (const auto& each : attention_cases(b)) {
    bound_layer tested(b, each.make(), each.sample());
    const auto x1 = b.normal(tested.input.of(2)), x2 = b.normal(tested.input.of(2)), dy = b.normal(tested.output.of(2));
    auto cache1 = tested.cache(), cache2 = tested.cache();
    tested.it->forward(b.s, x1, phase::train, cache1);
    const auto dx1 = to_vector(tested.it->backward(b.s, dy, cache1, {}));
    const auto of_first = gradients_of(*tested.it);
    tested.it->forward(b.s, x2, phase::train, cache2);
    const auto dx2 = to_vector(tested.it->backward(b.s, dy, cache2, {}));
    const auto of_second = gradients_of(*tested.it);

    auto late1 = tested.cache(), late2 = tested.cache();
    tested.it->forward(b.s, x1, phase::train, late1);
    tested.it->forward(b.s, x2, phase::train, late2);
    CHECK(to_vector(tested.it->backward(b.s, dy, late2, {.parameter_gradient = false})) == dx2);
    CHECK(gradients_of(*tested.it) == of_second);
    CHECK(to_vector(tested.it->backward(b.s, dy, late1, {})) == dx1);
    CHECK(gradients_of(*tested.it) == of_first);
    CHECK_FALSE(tested.it->backward(b.s, dy, late2, {.input_gradient = false, .accumulate = true}));
    auto expected = of_first;
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += of_second[i];
    CHECK(relative_distance(gradients_of(*tested.it), expected) < tolerance::products);
  }
}

TEST_CASE("attention goes back in two parts as at once, bit for bit") {
  bench b;
  for (const auto& each : attention_cases(b)) check_two_parts(b, {b, each.make(), each.sample()}, 2);
}

TEST_CASE("what attention keeps of a batch grows with the context, not with its square") {
  bench b;
  const auto kept = [&](std::int64_t context) {
    bound_layer tested(b, std::make_unique<attention>(8, 2, attention::options{.causal = true}), {context, 8});
    auto cache = tested.cache();
    tested.it->forward(b.s, b.normal(tested.input.of(1)), phase::train, cache);
    std::size_t bytes = 0;
    for (const auto& each : cache) bytes += each.bytes();
    return bytes;
  };
  CHECK(kept(512) == 8 * kept(64));
}

TEST_CASE("an embedding's gradients agree with finite differences, with positions and without, of short samples too") {
  for (const std::int64_t positions : {0, 5, 9}) {
    CAPTURE(positions);
    bench b;
    bound_layer tested(b, std::make_unique<embedding>(7, 3, embedding::options{.positions = positions}),
                       tokens_of(5, 7));
    REQUIRE(tested.output == sample_spec{{5, 3}});
    for (auto* parameter : tested.it->parameters()) parameter->gradient.f32()[0] = 77; // is overwritten
    const auto x = random_tokens(b, {4, 5}, 7);
    const auto dy = b.normal({4, 5, 3});
    auto cache = tested.cache();
    const auto y = tested.it->forward(b.s, x, phase::train, cache);
    REQUIRE(y.extents() == dy.extents());
    CHECK_FALSE(tested.it->backward(b.s, dy, cache, {}));
    const auto loss = [&] { return weighted_sum(tested.it->forward(b.s, x, phase::evaluate, {}), dy); };
    for (auto* parameter : tested.it->parameters())
      check_gradient(values(parameter->value), values(parameter->gradient), loss);

    const auto once = gradients_of(*tested.it);
    tested.it->backward(b.s, dy, cache, {.parameter_gradient = false});
    CHECK(gradients_of(*tested.it) == once);
    tested.it->backward(b.s, dy, cache, {.accumulate = true});
    const auto twice = gradients_of(*tested.it);
    for (std::size_t i = 0; i < once.size(); ++i) CHECK(twice[i] == Approx(2 * once[i]).margin(tolerance::formula));
  }
}

TEST_CASE("layer norm and gelu compute their formulas") {
  bench b;
  layer_norm normalises(4);
  arena memory(b.s, {normalises.parameters()});
  normalises.initialize(b.s, b.random);
  values(normalises.parameters()[1]->value)[2] = 5;
  const auto y = to_vector(normalises.forward(b.s, b.upload({1, 4}, {1, 2, 3, 6}), phase::evaluate, {}));
  const auto deviation = std::sqrt(3.5 + 1e-5); // biased variance of 1, 2, 3, 6 around 3
  CHECK(y[0] == Approx(-2 / deviation).margin(tolerance::formula));
  CHECK(y[1] == Approx(-1 / deviation).margin(tolerance::formula));
  CHECK(y[2] == Approx(5).margin(tolerance::formula));
  CHECK(y[3] == Approx(3 / deviation).margin(tolerance::formula));

  gelu exact(3), approximate(3, gelu_approximation::tanh);
  const auto x = b.upload({1, 3}, {-1, 0, 2});
  const auto of_exact = to_vector(exact.forward(b.s, x, phase::evaluate, {}));
  const auto of_tanh = to_vector(approximate.forward(b.s, x, phase::evaluate, {}));
  CHECK(of_exact[0] == Approx(-0.158655254).margin(tolerance::formula)); // from tables
  CHECK(of_exact[2] == Approx(1.954499736).margin(tolerance::formula));
  CHECK(of_tanh[0] == Approx(-0.158808009).margin(tolerance::formula));
  CHECK(of_tanh[2] == Approx(1.954597694).margin(tolerance::formula));
  CHECK(of_exact[1] == 0);
}

TEST_CASE("the layers of a transformer start as GPT-2's") {
  bench b;
  const auto spread = [](const parameter* of) {
    return norm(values(of->value)) / std::sqrt(static_cast<double>(of->extents.elements()));
  };
  attention attends(64, 4, {.out_deviation = 0.005});
  embedding embeds(100, 64, {.positions = 50, .deviation = 0.1});
  linear projects(64, 50, true, linear::normal_start{0.01});
  layer_norm normalises(64);
  arena memory(b.s, {attends.parameters(), embeds.parameters(), projects.parameters(), normalises.parameters()});
  for (layer* each : {static_cast<layer*>(&attends), static_cast<layer*>(&embeds), static_cast<layer*>(&projects),
                      static_cast<layer*>(&normalises)})
    each->initialize(b.s, b.random);
  CHECK(spread(attends.parameters()[0]) == Approx(0.02).epsilon(0.05));
  CHECK(spread(attends.parameters()[1]) == 0);
  CHECK(spread(attends.parameters()[2]) == Approx(0.005).epsilon(0.05));
  CHECK(spread(attends.parameters()[3]) == 0);
  for (const auto* each : embeds.parameters()) CHECK(spread(each) == Approx(0.1).epsilon(0.05));
  CHECK(spread(projects.parameters()[0]) == Approx(0.01).epsilon(0.05));
  CHECK(spread(projects.parameters()[1]) == 0);
  CHECK(to_vector(normalises.parameters()[0]->value) == std::vector<float>(64, 1));
  CHECK(spread(normalises.parameters()[1]) == 0);
}

TEST_CASE("the layers of a transformer have PyTorch's names, and weight decay for their products alone") {
  attention attends(8, 2, {});
  embedding embeds(10, 8, {.positions = 4});
  layer_norm normalises(8);
  std::vector<std::string> names, decaying;
  for (layer* of : {static_cast<layer*>(&attends), static_cast<layer*>(&embeds), static_cast<layer*>(&normalises)})
    for (const auto* each : of->parameters()) {
      names.push_back(each->name);
      if (each->decays()) decaying.push_back(each->name);
    }
  CHECK(names == std::vector<std::string>{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias",
                                          "weight", "position", "weight", "bias"});
  CHECK(decaying == std::vector<std::string>{"in_proj_weight", "out_proj.weight"});
}

TEST_CASE("the layers of a transformer describe themselves, their cost, and refuse what does not fit") {
  const sample_spec text{{64, 32}};
  CHECK(attention(32, 4, {.causal = true}).describe() == "causal attention 32, 4 heads");
  CHECK(attention(32, 1, {}).describe() == "attention 32, 1 head");
  CHECK(attention(32, 4, {}).infer(text).value() == text);
  CHECK(attention(32, 4, {}).multiply_adds(text) == 12.0 * 64 * 32 * 32 + 7.0 * 64 * 64 * 32);
  CHECK(attention(32, 4, {.causal = true}).multiply_adds(text) == 12.0 * 64 * 32 * 32 + 7.0 * 64 * 65 / 2 * 32);
  for (const auto& wrong : {sample_spec{{32}}, sample_spec{{64, 31}}, sample_spec{{4, 16, 32}}, tokens_of(64, 32)})
    CHECK(attention(32, 4, {}).infer(wrong).message() == "takes positions of 32 features");
  for (const std::int64_t heads : {0, -1, 3, 64})
    CHECK(attention(32, heads, {}).infer(text).message() == "needs a number of heads that divides its 32 features");

  CHECK(embedding(65, 32).describe() == "embedding 65->32");
  CHECK(embedding(65, 32, {.positions = 64}).describe() == "embedding 65->32, 64 positions");
  CHECK(embedding(65, 32, {.positions = 64}).infer(tokens_of(64, 65)).value() == text);
  CHECK(embedding(65, 32).infer(label_spec(65)).value() == sample_spec{{32}});
  CHECK(embedding(65, 32, {.positions = 64}).infer(tokens_of(65, 65)).message() == "takes up to 64 numbers below 65");
  CHECK(embedding(65, 32, {.positions = 64}).infer(label_spec(65)).message() == "takes up to 64 numbers below 65");
  for (const auto& wrong : {tokens_of(64, 66), tokens_of(64, 0), sample_spec{{64}}})
    CHECK(embedding(65, 32).infer(wrong).message() == "takes numbers below 65");

  CHECK(layer_norm(32).describe() == "layer norm 32");
  CHECK(layer_norm(32).infer(text).value() == text);
  CHECK(layer_norm(31).infer(text).message() == "takes 31 features");
  CHECK(gelu(32).describe() == "gelu 32");
  CHECK(gelu(32, gelu_approximation::tanh).describe() == "gelu 32 (tanh)");
  CHECK(gelu(31).infer(text).message() == "takes 31 features");
}

// Tokens to the logits of the next one at every position.
layer_list small_language_model(std::int32_t vocabulary, std::int64_t context) {
  return layers_of(std::make_unique<embedding>(vocabulary, 8, embedding::options{.positions = context}),
                   std::make_unique<layer_norm>(8),
                   std::make_unique<attention>(8, 2, attention::options{.causal = true}), std::make_unique<gelu>(8),
                   std::make_unique<linear>(8, vocabulary, true, linear::normal_start{}));
}

TEST_CASE("a group of a transformer's layers learns the next token from tokens, with a loss term at every position") {
  bench b;
  constexpr std::int64_t batch = 8, context = 6;
  constexpr std::int32_t vocabulary = 5;
  layer_group group(b.s, tokens_of(context, vocabulary), small_language_model(vocabulary, context), {}, 3, 0);
  const auto judge = std::move(make_objective({}).value());
  auto left = make_tensor(b.s, {objective::numbers});
  group_cache cache;
  double first = 0, last = 0;
  for (int step = 0; step < 300; ++step) {
    const auto x = random_tokens(b, {batch, context}, vocabulary);
    auto targets = make_tensor(b.s, {batch * context}, dtype::i32); // what the second token before was
    for (std::int64_t i = 0; i < batch * context; ++i) targets.i32()[i] = i % context < 2 ? no_label : x.i32()[i - 2];
    const auto y = group.forward(b.s, x, phase::train, &cache);
    REQUIRE(y.extents() == shape{batch * context, vocabulary});
    const auto gradient = judge->evaluate(b.s, y, targets, true, left);
    CHECK_FALSE(
      group.backward_and_update(b.s, gradient, cache, false, {.terms = batch * (context - 2), .learning_rate = 2e-2f}));
    (step == 0 ? first : last) = left.f32()[0];
  }
  CHECK(first == Approx(std::log(5.0)).epsilon(0.05));
  CHECK(last < 0.1); // position and content are both needed to know it
}

} // namespace
} // namespace syngrad

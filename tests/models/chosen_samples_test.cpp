// Backward passes of some samples of a batch: what each layer makes of them, and what they expect over many choices.
#include "models/chosen_samples.hpp"

#include "models/layer_group.hpp"
#include "models/layers/attention.hpp"
#include "models/layers/avg_pool2d.hpp"
#include "models/layers/batch_norm.hpp"
#include "models/layers/conv2d.hpp"
#include "models/layers/dropout.hpp"
#include "models/layers/embedding.hpp"
#include "models/layers/flatten.hpp"
#include "models/layers/gelu.hpp"
#include "models/layers/global_avg_pool.hpp"
#include "models/layers/layer_norm.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/lstm.hpp"
#include "models/layers/max_pool2d.hpp"
#include "models/layers/relu.hpp"
#include "models/layers/residual.hpp"
#include "models/network.hpp"
#include "tests/models/bound_layer.hpp"
#include "tests/models/tolerances.hpp"

#include <numeric>

namespace syngrad {
namespace {

template <class... Layers>
layer_list list_of(Layers... each) {
  layer_list all;
  (all.push_back(std::move(each)), ...);
  return all;
}

struct tested_layer {
  std::unique_ptr<layer> it;
  sample_spec input;
};

tested_layer layer_named(const std::string& which) {
  const sample_spec vector{{6}}, image{{6, 6, 3}}, words{{5, 8}};
  const conv2d::options plain{.padding = 1, .bias = true};
  if (which == "linear") return {std::make_unique<linear>(6, 5, true), vector};
  if (which == "linear over positions") return {std::make_unique<linear>(8, 3, false), words};
  if (which == "batch norm") return {std::make_unique<batch_norm>(6, batch_norm::options{.relu = true}), vector};
  if (which == "batch norm of images") return {std::make_unique<batch_norm>(3, batch_norm::options{}), image};
  if (which == "relu") return {std::make_unique<relu>(6), vector};
  if (which == "gelu") return {std::make_unique<gelu>(8), words};
  if (which == "dropout") return {std::make_unique<dropout>(0.4f), vector};
  if (which == "layer norm") return {std::make_unique<layer_norm>(8), words};
  if (which == "flatten") return {std::make_unique<flatten>(shape{6, 6, 3}), image};
  if (which == "attention") return {std::make_unique<attention>(8, 2, attention::options{.causal = true}), words};
  if (which == "conv2d") return {std::make_unique<conv2d>(3, 4, 3, plain), image};
  if (which == "max pool") return {std::make_unique<max_pool2d>(2), image};
  if (which == "avg pool") return {std::make_unique<avg_pool2d>(2), image};
  if (which == "global avg pool") return {std::make_unique<global_avg_pool>(), image};
  if (which == "embedding")
    return {std::make_unique<embedding>(9, 4, embedding::options{.positions = 5}), {{5}, dtype::i32, 9}};
  auto inner = list_of(std::unique_ptr<layer>(std::make_unique<conv2d>(3, 4, 3, plain)));
  if (which == "residual with batch norm")
    inner.push_back(std::make_unique<batch_norm>(4, batch_norm::options{.relu = true}));
  else
    inner.push_back(std::make_unique<relu>(4));
  auto skip = list_of(std::unique_ptr<layer>(std::make_unique<conv2d>(3, 4, 1, conv2d::options{})));
  return {std::make_unique<residual>(std::move(inner), std::move(skip), residual::options{.relu = true}), image};
}

constexpr std::int64_t whole_batch = 7;

chosen_samples choose_of_batch(bench& b, const std::vector<std::int32_t>& numbers, const std::vector<float>& weights) {
  const auto count = static_cast<std::int64_t>(numbers.size());
  chosen_samples out{make_tensor(b.s, {count}, dtype::i32), b.upload({count}, weights), whole_batch};
  b.s.ops().upload(b.s, numbers.data(), out.numbers);
  return out;
}

// A forward pass of a batch, and the two backward passes that must agree: of the whole batch, in which only the chosen
// samples have a gradient, times their weights; and of those samples.
struct both_passes {
  std::vector<float> whole, chosen;             // parameter gradients
  std::vector<float> whole_input, chosen_input; // of the chosen samples; empty: the layer gives none
};

both_passes pass_both(bench& b, tested_layer made, const std::vector<std::int32_t>& numbers,
                      const std::vector<float>& weights) {
  bound_layer tested(b, std::move(made.it), made.input);
  auto cache = tested.cache(), of_chosen = tested.cache();
  auto x = b.normal(made.input.of(whole_batch));
  if (made.input.is_numbers()) x = b.labels(whole_batch * made.input.elements(), 9).view(0, made.input.of(whole_batch));
  tested.it->forward(b.s, x, phase::train, cache);
  const auto chosen = choose_of_batch(b, numbers, weights);
  const auto count = chosen.count(), of_sample = tested.output.elements();
  const auto dy = b.normal(tested.output.of(count));
  auto of_all = make_tensor(b.s, tested.output.of(whole_batch)), weighted = make_tensor(b.s, dy.extents());
  b.s.ops().fill(b.s, of_all, 0);
  auto by_sample = weighted.view(0, {count, of_sample});
  b.s.ops().scale_rows(b.s, dy.view(0, {count, of_sample}), chosen.weights, by_sample);
  for (std::int64_t i = 0; i < count; ++i)
    std::copy_n(weighted.f32() + i * of_sample, of_sample,
                of_all.f32() + numbers[static_cast<std::size_t>(i)] * of_sample);

  both_passes out;
  const auto whole = tested.it->backward(b.s, of_all, cache, {});
  out.whole = gradients_of(*tested.it);
  tested.it->gather_cache(b.s, chosen, cache, of_chosen);
  const auto part = tested.it->backward(b.s, weighted, of_chosen, {.chosen = &chosen});
  out.chosen = gradients_of(*tested.it);
  REQUIRE(static_cast<bool>(part) == static_cast<bool>(whole));
  if (!whole) return out;
  REQUIRE(part.extents() == tested.input.of(count));
  out.chosen_input = to_vector(part);
  out.whole_input = to_vector(gather_samples(b.s, whole, chosen));
  return out;
}

const std::vector<std::string> sample_wise{"linear",   "linear over positions",
                                           "relu",     "gelu",
                                           "dropout",  "layer norm",
                                           "flatten",  "attention",
                                           "conv2d",   "max pool",
                                           "avg pool", "global avg pool",
                                           "residual", "embedding"};

void check_equal(const both_passes& of) {
  if (!of.whole.empty()) CHECK(relative_distance(of.chosen, of.whole) < tolerance::products);
  if (!of.whole_input.empty()) CHECK(relative_distance(of.chosen_input, of.whole_input) < tolerance::products);
}

TEST_CASE("a pass of some samples is that of the batch in which no other has a gradient, times their weights") {
  for (const auto& which : sample_wise) {
    INFO(which);
    bench b;
    auto tested = layer_named(which);
    CHECK(tested.it->goes_back_by_samples());
    check_equal(pass_both(b, std::move(tested), {0, 2, 3, 6}, {1.5f, 4, 1, 2.25f}));
  }
}

TEST_CASE("batch normalisation goes back by samples, with means over the whole batch") {
  for (const auto* which : {"batch norm", "batch norm of images"}) {
    INFO(which);
    bench b;
    auto tested = layer_named(which);
    CHECK(tested.it->goes_back_by_samples());
    check_equal(pass_both(b, std::move(tested), {1, 2, 5}, {1, 1, 1}));
  }
  // What is below it gets a part of the means for the other samples, too, which a pass of some leaves out.
  bench b;
  const auto found = pass_both(b, layer_named("residual with batch norm"), {1, 2, 5}, {1, 1, 1});
  CHECK(relative_distance(found.chosen_input, found.whole_input) < tolerance::products);
}

TEST_CASE("what carries a state over positions has no backward pass of some samples, wherever it is in a network") {
  bench b;
  CHECK_FALSE(lstm(3, 4, {}).goes_back_by_samples());
  layer_list inner;
  inner.push_back(std::make_unique<lstm>(4, 4, lstm::options{}));
  CHECK_FALSE(residual(std::move(inner), {}, {}).goes_back_by_samples());
  const auto text = std::move(*make_network("lstm:1x8,chunk=4,vocab=5"));
  CHECK(layer_without_samples(text, 9).starts_with("layer 1 (lstm 8->8"));
  CHECK(layer_without_samples(text, 1) == "");
  CHECK(layer_without_samples(*make_network("gpt:1x8,heads=2,context=4,vocab=5"), 99) == "");
}

layer_group group_of(bench& b, bool with_batch_norm) {
  layer_list layers;
  layers.push_back(std::make_unique<linear>(6, 8, true));
  if (with_batch_norm)
    layers.push_back(std::make_unique<batch_norm>(8, batch_norm::options{.relu = true}));
  else
    layers.push_back(std::make_unique<relu>(8));
  layers.push_back(std::make_unique<linear>(8, 4, true));
  return layer_group(b.s, {{6}}, std::move(layers), {}, 3, 0);
}

std::vector<float> gradients_of_group(layer_group& group) {
  std::vector<float> all;
  for (auto* each : group.layers()) {
    const auto these = gradients_of(*each);
    all.insert(all.end(), these.begin(), these.end());
  }
  return all;
}

// The mean over so many choices of some of 64 samples, in an order that is drawn anew each time, against the pass of
// all: relative distances.
struct mean_against_whole {
  double parameters, inputs;
};

mean_against_whole mean_of_choices(bool with_batch_norm, std::int64_t wanted, bool by_loss, int choices) {
  bench b;
  constexpr std::int64_t all = 64;
  auto group = group_of(b, with_batch_norm);
  const auto x = b.normal({all, 6}), dy = b.normal({all, 4});
  for (std::int64_t e = 0; e < dy.elements(); ++e) dy.f32()[e] *= std::exp(0.05f * static_cast<float>(e / 4)) / 8;
  group_cache cache, of_chosen;
  group.forward(b.s, x, phase::train, &cache);
  const auto whole_input = to_vector(group.backward(b.s, dy, cache, {}));
  const auto whole = gradients_of_group(group);

  std::vector<float> mean(whole.size()), input(whole_input.size());
  std::vector<std::int32_t> order(all);
  std::iota(order.begin(), order.end(), 0);
  auto on_device = make_tensor(b.s, {all}, dtype::i32);
  auto now_x = make_tensor(b.s, x.extents()), now_dy = make_tensor(b.s, dy.extents());
  const auto share = 1 / static_cast<float>(choices);
  for (int i = 0; i < choices; ++i) {
    for (std::size_t at = all - 1; at > 0; --at)
      std::swap(order[at], order[b.random.below(static_cast<std::uint32_t>(at + 1))]);
    b.s.ops().upload(b.s, order.data(), on_device);
    b.s.ops().gather_samples(b.s, x, on_device, now_x);
    b.s.ops().gather_samples(b.s, dy, on_device, now_dy);
    group.forward(b.s, now_x, phase::train, &cache);
    chosen_samples chosen{make_tensor(b.s, {wanted}, dtype::i32), make_tensor(b.s, {wanted}), all};
    b.s.ops().choose_samples(
      b.s, {by_loss ? &now_dy : nullptr, by_loss ? 0.7 : 0, (i + 0.5) / choices, all, chosen.numbers, chosen.weights});
    group.gather_cache(b.s, chosen, cache, of_chosen);
    const auto part = group.backward_of(b.s, chosen, gather_samples(b.s, now_dy, chosen), of_chosen, {});
    REQUIRE(part.extents() == shape{wanted, 6});
    const auto gradients = gradients_of_group(group);
    for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += share * gradients[e];
    for (std::int64_t r = 0; r < wanted; ++r) {
      const auto row = order[static_cast<std::size_t>(chosen.numbers.i32()[r])];
      for (std::int64_t c = 0; c < 6; ++c)
        input[static_cast<std::size_t>(row * 6 + c)] += share * chosen.weights.f32()[r] * part.f32()[r * 6 + c];
    }
  }
  return {relative_distance(mean, whole), relative_distance(input, whole_input)};
}

// What is left is the spread of one choice over the root of their number.
TEST_CASE("the mean over many choices is the gradient of the whole batch") {
  for (const bool by_loss : {false, true})
    for (const std::int64_t wanted : {8, 32}) {
      const auto few = mean_of_choices(false, wanted, by_loss, 500),
                 many = mean_of_choices(false, wanted, by_loss, 8000);
      CAPTURE(by_loss, wanted, few.parameters, few.inputs, many.parameters, many.inputs);
      CHECK(many.parameters < 0.04);
      CHECK(many.inputs < 0.06);
      CHECK(many.parameters < few.parameters / 2); // about the root of 16 less
      CHECK(many.inputs < few.inputs / 2);
    }
}

// The two means of a batch normalisation are those of the same samples as the gradient that they are subtracted from.
// A product of two estimates expects the product of what they expect but for a part that falls with their number: a
// sample counts for the means with its own weight.
TEST_CASE("with batch normalisation the mean over many choices is the whole gradient but for a part in their samples") {
  for (const bool by_loss : {false, true}) {
    const auto few = mean_of_choices(true, 8, by_loss, 8000), many = mean_of_choices(true, 32, by_loss, 8000);
    CAPTURE(by_loss, few.parameters, few.inputs, many.parameters, many.inputs);
    CHECK(few.parameters < 3.0 / 8);
    CHECK(many.parameters < 3.0 / 32);
    CHECK(many.parameters < few.parameters / 2);
  }
}

TEST_CASE("choosing all of a batch gives its gradients as a whole pass does") {
  bench b;
  auto group = group_of(b, true);
  const auto dy = b.normal({whole_batch, 4});
  group_cache cache, of_chosen;
  group.forward(b.s, b.normal({whole_batch, 6}), phase::train, &cache);
  const auto whole = to_vector(group.backward(b.s, dy, cache, {}));
  const auto gradients = gradients_of_group(group);
  const auto chosen = choose_of_batch(b, {0, 1, 2, 3, 4, 5, 6}, std::vector<float>(7, 1));
  group.gather_cache(b.s, chosen, cache, of_chosen);
  CHECK(relative_distance(to_vector(group.backward_of(b.s, chosen, dy, of_chosen, {})), whole) < tolerance::products);
  CHECK(relative_distance(gradients_of_group(group), gradients) < tolerance::products);
}

} // namespace
} // namespace syngrad

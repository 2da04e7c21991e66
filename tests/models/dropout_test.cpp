#include "models/layers/dropout.hpp"

#include "models/layer_group.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/residual.hpp"
#include "tests/models/bench.hpp"
#include "tests/models/layers_of.hpp"
#include "tests/models/tolerances.hpp"

namespace syngrad {
namespace {

std::unique_ptr<layer> dropping(float rate = 0.4f) {
  return std::make_unique<dropout>(rate);
}

layer_group dropout_group(bench& b, int first_layer, std::uint64_t seed = 9) {
  return layer_group(b.s, {{50}}, layers_of(dropping()), {}, seed, first_layer);
}

// Which elements of a batch pass.
std::vector<float> pattern_of(bench& b, layer_group& group) {
  group_cache cache;
  const auto ones = b.upload({4, 50}, std::vector<float>(200, 1));
  auto y = to_vector(group.forward(b.s, ones, phase::train, &cache));
  for (auto& each : y) each = each > 0;
  return y;
}

TEST_CASE("a late backward pass has the mask of its own batch") {
  bench b;
  auto group = dropout_group(b, 0);
  const auto ones = b.upload({4, 50}, std::vector<float>(200, 1));
  group_cache caches[3];
  std::vector<std::vector<float>> passed;
  for (auto& cache : caches) passed.push_back(to_vector(group.forward(b.s, ones, phase::train, &cache)));
  CHECK(passed[0] != passed[1]);
  CHECK(passed[1] != passed[2]);
  for (const std::size_t i : {1, 2, 0, 1}) {
    const auto dx = to_vector(group.backward(b.s, ones, caches[i], {}));
    CHECK(dx == passed[i]); // 1 / (1 - rate) where kept, in both directions
  }
  CHECK(relative_distance(std::vector<float>{*std::ranges::max_element(passed[0])}, std::vector<float>{1 / 0.6f}) <
        tolerance::formula);
}

TEST_CASE("evaluation passes everything through and draws nothing") {
  bench b;
  auto with = dropout_group(b, 0), without = dropout_group(b, 0);
  const auto x = b.normal({4, 50});
  CHECK(pattern_of(b, with) == pattern_of(b, without));
  CHECK(to_vector(with.forward(b.s, x, phase::evaluate, nullptr)) == to_vector(x));
  CHECK(pattern_of(b, with) == pattern_of(b, without));
}

TEST_CASE("masks follow from the seed and the layer's number, not from how layers were grouped") {
  bench b;
  const auto make = [&](int first, int last, std::uint64_t seed) {
    layer_list layers;
    for (auto i = first; i < last; ++i) layers.push_back(dropping(0.2f));
    return layer_group(b.s, {{50}}, std::move(layers), {}, seed, first);
  };
  auto whole = make(0, 3, 9), lower = make(0, 1, 9), upper = make(1, 3, 9), other_seed = make(0, 3, 10);
  const auto ones = b.upload({4, 50}, std::vector<float>(200, 1));
  for (int batch = 0; batch < 3; ++batch) {
    group_cache caches[4];
    const auto expected = to_vector(whole.forward(b.s, ones, phase::train, &caches[0]));
    const auto between = lower.forward(b.s, ones, phase::train, &caches[1]);
    CHECK(to_vector(upper.forward(b.s, between, phase::train, &caches[2])) == expected);
    CHECK(to_vector(other_seed.forward(b.s, ones, phase::train, &caches[3])) != expected);
    CHECK(to_vector(between) != to_vector(upper.forward(b.s, ones, phase::evaluate, nullptr)));
  }
  auto first = dropout_group(b, 0), second = dropout_group(b, 1);
  CHECK(pattern_of(b, first) != pattern_of(b, second));
}

TEST_CASE("training goes on elsewhere with the masks that come next") {
  bench b;
  auto here = dropout_group(b, 3), there = dropout_group(b, 3, 77);
  pattern_of(b, here);
  pattern_of(b, here);
  const auto moved = write_state(b.s, here.learned());
  const auto third = pattern_of(b, here);
  CHECK(pattern_of(b, there) != third);
  REQUIRE(read_state(b.s, there.learned(), moved));
  CHECK(pattern_of(b, there) == third);
  CHECK(pattern_of(b, there) == pattern_of(b, here));
}

TEST_CASE("dropouts within a residual draw different masks") {
  bench b;
  layer_group group(
    b.s, {{50}},
    layers_of(std::make_unique<residual>(layers_of(dropping()), layers_of(dropping()), residual::options{})), {}, 9, 0);
  group_cache cache;
  const auto y = to_vector(group.forward(b.s, b.upload({4, 50}, std::vector<float>(200, 1)), phase::train, &cache));
  CHECK(std::ranges::any_of(y, [](float each) { return each > 0 && each < 2; })); // kept by one of them only
  CHECK(std::ranges::any_of(y, [](float each) { return each > 2; }));             // by both
}

TEST_CASE("dropout describes itself, and takes a rate below one") {
  CHECK(dropout(0.1f).describe() == "dropout 0.1");
  CHECK(dropout(0.1f).infer({{3, 4}}).value() == sample_spec{{3, 4}});
  CHECK(dropout(0.1f).infer(label_spec(3)).message() == "takes features");
  for (const auto rate : {1.0f, -0.1f, std::nanf("")})
    CHECK(dropout(rate).infer({{4}}).message() == "takes a rate from 0 to below 1");
}

} // namespace
} // namespace syngrad

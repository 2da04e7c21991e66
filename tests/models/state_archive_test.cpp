// What an archive saved is what it loads, bit for bit; layers, optimizers and predictors that were loaded go on as
// those that were saved, in the same groups and in others.
#include "models/state_archive.hpp"

#include "tests/models/contains.hpp"
#include "tests/models/train_predictor.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace syngrad {
namespace {

const std::vector<optimizer_settings> all_optimizers = {
  {},
  {.name = "sgd"},
  {.name = "sgd", .momentum = 0.9f},
  {.name = "adamw", .weight_decay = 0.01f},
  {.name = "nadam"},
  {.name = "lion"},
  {.name = "adam8bit"},
  {.name = "adafactor"},
  {.moments = "bf16"},
  {.name = "muon"},
  {.name = "muon", .muon_every = 3},
};

// Layers `first` to `end` of a network, as a group of their own.
layer_group group_of(bench& b, const optimizer_settings& by, std::uint64_t seed, std::size_t first = 0,
                     std::size_t end = 4) {
  auto net = std::move(make_network("mlp:7-300x2-3").value());
  layer_list layers;
  auto below = net.input;
  std::size_t number = 0;
  for (auto& unit : net.units)
    for (auto& each : unit) {
      if (number < first) below = each->infer(below).value();
      if (number >= first && number < end) layers.push_back(std::move(each));
      ++number;
    }
  REQUIRE(number >= end);
  return layer_group(b.s, below, std::move(layers), by, seed, static_cast<int>(first));
}

saved_part saved(bench& b, layer_group& group) {
  saved_part part{"group0", {}, {}};
  auto archive = state_archive::saving(b.s, part);
  group.keep(archive);
  REQUIRE(archive.outcome());
  return part;
}

status load(bench& b, layer_group& group, const saved_part& part) {
  auto archive = state_archive::loading(b.s, part);
  group.keep(archive);
  return archive.outcome();
}

bool same_bits(const tensor& one, const tensor& other) {
  return one.type() == other.type() && one.extents() == other.extents() &&
         std::memcmp(one.data(), other.data(), one.bytes()) == 0;
}

bool same(const saved_part& one, const saved_part& other) {
  if (one.words != other.words || one.tensors.size() != other.tensors.size()) return false;
  for (std::size_t i = 0; i < one.tensors.size(); ++i)
    if (one.tensors[i].name != other.tensors[i].name || !same_bits(one.tensors[i].value, other.tensors[i].value))
      return false;
  return true;
}

void train_once(bench& b, layer_group& group, const tensor& x, const tensor& dy) {
  group_cache cache;
  group.forward(b.s, x, phase::train, &cache);
  group.backward_and_update(b.s, dy, cache, false, {.terms = x.rows(), .learning_rate = 0.01f});
}

TEST_CASE("a group that was loaded trains on as the one that was saved, bit for bit, with every optimizer") {
  for (const auto& by : all_optimizers) {
    CAPTURE(by.name, by.moments, by.muon_every);
    bench b;
    auto first = group_of(b, by, 1), second = group_of(b, by, 2);
    const auto out = first.output().elements();
    std::vector<std::pair<tensor, tensor>> batches;
    for (int i = 0; i < 8; ++i) batches.emplace_back(b.normal({16, 7}), b.normal({16, out}));
    for (std::size_t i = 0; i < 4; ++i) train_once(b, first, batches[i].first, batches[i].second);
    const auto part = saved(b, first);
    for (std::size_t i = 4; i < 8; ++i) train_once(b, first, batches[i].first, batches[i].second); // the copy stays
    REQUIRE(load(b, second, part));
    CHECK(second.version() == 4);
    CHECK(same(saved(b, second), part));
    for (std::size_t i = 4; i < 8; ++i) train_once(b, second, batches[i].first, batches[i].second);
    CHECK(same(saved(b, second), saved(b, first)));
  }
}

TEST_CASE("layers take what they had into other groups, with what the optimizer keeps of them") {
  for (const auto& by : all_optimizers) {
    CAPTURE(by.name, by.moments, by.muon_every);
    bench b;
    auto whole = group_of(b, by, 1);
    const auto out = whole.output().elements();
    for (int i = 0; i < 3; ++i) train_once(b, whole, b.normal({16, 7}), b.normal({16, out}));
    const auto part = saved(b, whole);
    std::size_t found = 0;
    for (const auto& [first, end] : {std::pair<std::size_t, std::size_t>{0, 1}, {1, 3}, {3, 4}}) {
      auto piece = group_of(b, by, 2, first, end);
      auto archive = state_archive::loading(b.s, part);
      for (int i = 0; i < piece.layer_count(); ++i) piece.keep_layer(archive, i);
      REQUIRE(archive.outcome());
      const auto again = saved(b, piece);
      for (const auto& each : again.tensors) {
        const auto at = std::find_if(part.tensors.begin(), part.tensors.end(),
                                     [&](const auto& other) { return other.name == each.name; });
        REQUIRE(at != part.tensors.end());
        CHECK(same_bits(at->value, each.value));
        ++found;
      }
    }
    CHECK(found == part.tensors.size());
  }
}

TEST_CASE("the network in a saved part is what begins with a digit, by its own names") {
  bench b;
  auto group = group_of(b, {}, 1);
  const auto part = saved(b, group);
  std::vector<std::string> names, wanted;
  for (const auto& each : part.tensors)
    if (std::isdigit(static_cast<unsigned char>(each.name[0]))) names.push_back(each.name);
  for (const auto& each : group.weights()) wanted.push_back(each.name);
  CHECK(names == wanted);
}

TEST_CASE("a predictor that was loaded predicts and trains on as the one that was saved, bit for bit") {
  for (const auto* kind : {"ridge", "ridge:0.9@3", "exit", "head", "head:mlp:5", "head:early-exit", "linear",
                           "lowrank:2", "mlp:5", "zero"}) {
    CAPTURE(kind);
    bench b;
    const auto make = [&] {
      return std::move(make_synthetic_gradient_model(b.s, {.kind = kind}, task_of(6, 3), b.random).value());
    };
    const auto first = make(), second = make();
    const auto labels = b.labels(16, 3);
    std::vector<std::pair<tensor, tensor>> batches;
    for (int i = 0; i < 12; ++i) batches.emplace_back(b.normal({16, 6}), b.normal({16, 6}));
    for (std::size_t i = 0; i < 6; ++i) train_predictor(b, *first, batches[i].first, labels, batches[i].second, 1e-3f);
    saved_part part{"group0", {}, {}};
    auto saving = state_archive::saving(b.s, part);
    first->keep(saving);
    auto loading = state_archive::loading(b.s, part);
    second->keep(loading);
    REQUIRE(loading.outcome());
    for (std::size_t i = 6; i < 12; ++i) {
      const auto& [h, target] = batches[i];
      CHECK(to_vector(second->predict(b.s, h, labels)) == to_vector(first->predict(b.s, h, labels)));
      for (auto* each : {first.get(), second.get()}) train_predictor(b, *each, h, labels, target, 1e-3f);
    }
  }
}

enum class colour : std::uint8_t { red, green, blue };

struct many_words {
  double tenth = 0.1, lost = std::numeric_limits<double>::quiet_NaN(), minus_zero = -0.0, small = 5e-324;
  float third = 1.0f / 3;
  std::uint64_t largest = ~std::uint64_t{0};
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  int few = -3;
  bool yes = true;
  colour painted = colour::blue;
  std::string text = "two words";
  std::optional<double> some = 2.5, none;

  void keep(state_archive& of) {
    of.word("tenth", tenth), of.word("lost", lost), of.word("minus zero", minus_zero), of.word("small", small);
    of.word("third", third), of.word("largest", largest), of.word("least", least), of.word("few", few);
    of.word("yes", yes), of.word("painted", painted), of.word("text", text);
    of.word("some", some), of.word("none", none);
  }
};

TEST_CASE("words give the same values again, whatever they are") {
  bench b;
  saved_part part{"source", {}, {}};
  many_words from;
  auto saving = state_archive::saving(b.s, part);
  from.keep(saving);
  many_words to{1, 2, 3, 4, 5, 6, 7, 8, false, colour::red, "", {}, 7.0};
  auto loading = state_archive::loading(b.s, part);
  to.keep(loading);
  REQUIRE(loading.outcome());
  CHECK(to.tenth == 0.1);
  CHECK(std::isnan(to.lost));
  CHECK(std::signbit(to.minus_zero));
  CHECK(to.small == 5e-324);
  CHECK(to.third == 1.0f / 3);
  CHECK(to.largest == ~std::uint64_t{0});
  CHECK(to.least == std::numeric_limits<std::int64_t>::min());
  CHECK(to.few == -3);
  CHECK(to.yes);
  CHECK(to.painted == colour::blue);
  CHECK(to.text == "two words");
  CHECK(to.some == 2.5);
  CHECK_FALSE(to.none);
}

TEST_CASE("tensors that share memory share it again, and null ones are null") {
  bench b;
  saved_part part{"group1", {}, {}};
  auto x = b.normal({4, 6}), flat = x.view(0, {24}), lower = x.view(12, {2, 6}), nothing = tensor();
  const auto keep = [&](state_archive& of) {
    of.within("a.", [&] { of.anew("x", x); });
    of.anew("flat", flat);
    of.anew("lower", lower);
    of.anew("nothing", nothing);
  };
  auto saving = state_archive::saving(b.s, part);
  keep(saving);
  CHECK(part.tensors.size() == 2);
  const auto values = to_vector(x), lower_values = to_vector(lower);
  x = flat = lower = {};
  nothing = b.normal({1});
  auto loading = state_archive::loading(b.s, part);
  keep(loading);
  REQUIRE(loading.outcome());
  CHECK(to_vector(x) == values);
  CHECK(to_vector(lower) == lower_values);
  CHECK(flat.extents() == shape{24});
  CHECK(flat.memory().get() == x.memory().get());
  CHECK_FALSE(nothing);
}

TEST_CASE("what is missing, has another shape or is no number is told by name, and the first counts") {
  bench b;
  auto group = group_of(b, {}, 1);
  const auto whole = saved(b, group);
  const auto refused = [&](auto spoil) {
    auto part = whole;
    spoil(part);
    return load(b, group, part).message();
  };
  CHECK_THAT(refused([](saved_part& of) { of.tensors.erase(of.tensors.begin()); }),
             contains("the saved state of group0: '0.weight' is missing"));
  CHECK_THAT(refused([&](saved_part& of) {
               of.tensors[0].value = b.normal({300, 8});
             }),
             contains("'0.weight' is f32 [300, 8], not f32 [300, 7]"));
  CHECK_THAT(refused([&](saved_part& of) {
               of.tensors[0].value = make_tensor(b.s, {300, 7}, dtype::i32);
             }),
             contains("'0.weight' is i32 [300, 7], not f32 [300, 7]"));
  CHECK_THAT(refused([](saved_part& of) { of.words.erase("optimizer.steps"); }),
             contains("'optimizer.steps' is missing"));
  CHECK_THAT(refused([](saved_part& of) { of.words["optimizer.steps"] = "4x"; }),
             contains("'optimizer.steps' cannot be '4x'"));
  CHECK_THAT(refused([](saved_part& of) { of.tensors.clear(); }), contains("'0.weight' is missing"));
}

} // namespace
} // namespace syngrad

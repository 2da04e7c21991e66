// A group and its predictor that were read from bytes go on as the ones that were written do.
#include "models/learned_state.hpp"

#include "models/layer_group.hpp"
#include "tests/models/train_predictor.hpp"

namespace syngrad {
namespace {

layer_group make_whole_group(bench& b, const std::string& description, const optimizer_settings& by,
                             std::uint64_t seed) {
  auto net = std::move(make_network(description).value());
  layer_list layers;
  for (auto& unit : net.units)
    for (auto& each : unit) layers.push_back(std::move(each));
  return layer_group(b.s, net.input, std::move(layers), by, seed, 0);
}

std::unique_ptr<synthetic_gradient_model> make_predictor(bench& b, const std::string& kind) {
  return std::move(make_synthetic_gradient_model(b.s, {.kind = kind}, task_of(6, 3), b.random).value());
}

void train(bench& b, layer_group& group, const tensor& x, const tensor& dy) {
  group_cache cache;
  group.forward(b.s, x, phase::train, &cache);
  group.backward_and_update(b.s, dy, cache, false, {.terms = x.rows(), .learning_rate = 0.01f});
}

bool same(bench& b, const learned_state& one, const learned_state& other) {
  return write_state(b.s, one) == write_state(b.s, other);
}

const optimizer_settings momentum{.name = "sgd", .momentum = 0.9f};

TEST_CASE("a group that was read from bytes trains on as the one that was written, bit for bit") {
  for (const auto& by : {optimizer_settings{}, momentum, optimizer_settings{.name = "nadam"},
                         optimizer_settings{.name = "lion"}, optimizer_settings{.name = "adam8bit"},
                         optimizer_settings{.name = "adafactor"}, optimizer_settings{.moments = "bf16"},
                         optimizer_settings{.name = "muon"}, optimizer_settings{.name = "muon", .muon_every = 3}}) {
    CAPTURE(by.name);
    bench b;
    auto first = make_whole_group(b, "mlp:7-6x2-3", by, 1), second = make_whole_group(b, "mlp:7-6x2-3", by, 2);
    std::vector<std::pair<tensor, tensor>> batches;
    for (int i = 0; i < 8; ++i) batches.emplace_back(b.normal({16, 7}), b.normal({16, 3}));
    for (int i = 0; i < 4; ++i) train(b, first, batches[i].first, batches[i].second);
    const auto bytes = write_state(b.s, first.learned());
    REQUIRE_FALSE(same(b, first.learned(), second.learned()));
    REQUIRE(read_state(b.s, second.learned(), bytes));
    CHECK(second.version() == 4);
    for (int i = 4; i < 8; ++i)
      for (auto* each : {&first, &second}) train(b, *each, batches[i].first, batches[i].second);
    CHECK(same(b, second.learned(), first.learned()));
    CHECK(first.version() == 8);
  }
}

TEST_CASE("a predictor that was read from bytes predicts and trains on as the one that was written, bit for bit") {
  for (const auto* kind :
       {"ridge", "ridge:0.9@3", "linear", "lowrank:2", "mlp:5", "exit", "head", "head:mlp:5", "head:early-exit"}) {
    CAPTURE(kind);
    bench b;
    const auto first = make_predictor(b, kind), second = make_predictor(b, kind);
    const auto labels = b.labels(16, 3);
    std::vector<std::pair<tensor, tensor>> batches;
    for (int i = 0; i < 8; ++i) batches.emplace_back(b.normal({16, 6}), b.normal({16, 6}));
    for (int i = 0; i < 4; ++i) train_predictor(b, *first, batches[i].first, labels, batches[i].second, 1e-3f);
    REQUIRE(read_state(b.s, second->learned(), write_state(b.s, first->learned())));
    for (int i = 4; i < 8; ++i) {
      const auto& [h, target] = batches[i];
      CHECK(to_vector(second->predict(b.s, h, labels)) == to_vector(first->predict(b.s, h, labels)));
      for (auto* each : {first.get(), second.get()}) train_predictor(b, *each, h, labels, target, 1e-3f);
    }
    CHECK(same(b, second->learned(), first->learned()));
  }
}

TEST_CASE("a group and its predictor fit into one buffer") {
  bench b;
  auto first = make_whole_group(b, "mlp:7-6x2-3", momentum, 1),
       second = make_whole_group(b, "mlp:7-6x2-3", momentum, 2);
  const auto first_predictor = make_predictor(b, "mlp:5"), second_predictor = make_predictor(b, "mlp:5");
  auto from = first.learned(), to = second.learned();
  from.add(first_predictor->learned());
  to.add(second_predictor->learned());
  REQUIRE(read_state(b.s, to, write_state(b.s, from)));
  CHECK(same(b, to, from));
}

TEST_CASE("bytes that are cut, longer, or of another group are refused, and nothing is changed") {
  bench b;
  auto from = make_whole_group(b, "mlp:3-4-2", {}, 1), to = make_whole_group(b, "mlp:3-4-2", {}, 2);
  const auto bytes = write_state(b.s, from.learned()), before = write_state(b.s, to.learned());
  const auto refused = [&](std::span<const std::byte> part) { return read_state(b.s, to.learned(), part).message(); };
  for (std::size_t size = 0; size < bytes.size(); ++size) REQUIRE(refused({bytes.data(), size}) != "");
  auto longer = bytes;
  longer.push_back({});
  CHECK(refused(longer) == "the state is longer than the model's");
  CHECK(refused({bytes.data() + 1, bytes.size() - 1}) == "these bytes are no state of a group");
  CHECK(refused({bytes.data(), bytes.size() - 1}) == "the state ends too early");
  const auto wider = write_state(b.s, make_whole_group(b, "mlp:3-40-2", {}, 1).learned());
  CHECK(refused(wider).starts_with("the state is of another model: tensor 0 has "));
  const auto plain = write_state(b.s, make_whole_group(b, "mlp:3-4-2", {.name = "sgd"}, 1).learned());
  CHECK(refused(plain) == "the state is of another model, optimizer or predictor");
  const bool unchanged = write_state(b.s, to.learned()) == before;
  CHECK(unchanged);
}

} // namespace
} // namespace syngrad

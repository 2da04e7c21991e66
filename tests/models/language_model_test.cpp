// Trained weights in a network without groups, and what it makes of a text, against groups in evaluation.
#include "models/generation/language_model.hpp"

#include "models/layer_group.hpp"
#include "tests/models/bench.hpp"
#include "tests/models/contains.hpp"
#include "tests/models/tolerances.hpp"
#include "tests/support/late_device.hpp"

#include <cstring>

namespace syngrad {
namespace {

constexpr std::int32_t vocabulary_size = 11;

// With a state, and with a window.
const std::vector<std::string> with_state{"lstm:2x12,chunk=6,vocab=11", "gru:1x12,chunk=6,vocab=11"};
const std::vector<std::string> with_window{"gpt:2x16,heads=2,context=6,vocab=11"};

network make(const std::string& model) {
  return std::move(make_network(model).value());
}

// A group a unit, as a run has them.
std::vector<std::unique_ptr<layer_group>> groups_of(stream& s, const std::string& model) {
  auto net = make(model);
  std::vector<std::unique_ptr<layer_group>> groups;
  auto input = net.input;
  int first = 0;
  for (auto& unit : net.units) {
    groups.push_back(std::make_unique<layer_group>(s, input, std::move(unit), optimizer_settings{}, 3, first));
    input = groups.back()->output();
    first += groups.back()->layer_count();
  }
  return groups;
}

// As a file of weights has them.
std::vector<safetensors_tensor> weights_of(const std::vector<std::unique_ptr<layer_group>>& groups) {
  std::vector<safetensors_tensor> all;
  for (const auto& group : groups)
    for (const auto& each : group->weights()) {
      const auto* bytes = static_cast<const char*>(each.value.data());
      all.push_back({each.name, each.value.type(), each.value.extents(), {bytes, bytes + each.value.bytes()}});
    }
  return all;
}

std::vector<safetensors_tensor> weights_of(const std::string& model) {
  bench b;
  return weights_of(groups_of(b.s, model));
}

language_model model_of(stream& s, const std::string& model) {
  return {s, std::move(trained_network::make(s, make(model), weights_of(model)).value())};
}

std::vector<std::int32_t> some_tokens(std::size_t count) {
  std::vector<std::int32_t> tokens;
  for (std::size_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<std::int32_t>((i * i + 3 * i) % vocabulary_size));
  return tokens;
}

tensor upload_tokens(stream& s, std::span<const std::int32_t> tokens, std::int64_t samples) {
  auto x = make_tensor(s, {samples, static_cast<std::int64_t>(tokens.size()) / samples}, dtype::i32);
  s.ops().upload(s, tokens.data(), x);
  return x;
}

std::vector<float> last_row(const tensor& y) {
  const auto all = to_vector(y);
  return {all.end() - y.columns(), all.end()};
}

std::vector<float> logits_of(const language_model& model) {
  return {model.logits().begin(), model.logits().end()};
}

} // namespace

TEST_CASE("trained weights give what the groups of a run give in evaluation, bit for bit") {
  for (const auto& model : {with_state[0], with_state[1], with_window[0]}) {
    INFO(model);
    bench b;
    const auto groups = groups_of(b.s, model);
    auto net = trained_network::make(b.s, make(model), weights_of(groups));
    REQUIRE(net);
    const auto x = upload_tokens(b.s, some_tokens(18), 3);
    auto y = x;
    for (const auto& each : groups) y = each->forward(b.s, y, phase::evaluate, nullptr);
    const auto given = net->forward(b.s, x);
    CHECK(given.extents() == shape{18, vocabulary_size});
    CHECK(to_vector(given) == to_vector(y));
    CHECK(norm(values(y)) > 0);
  }
}

TEST_CASE("running statistics and other state that is no weight are taken too") {
  const std::string model = "mlp:6-4x2-3";
  bench b;
  const auto groups = groups_of(b.s, model);
  for (auto each : groups[0]->weights())
    if (each.name.find("running") != std::string::npos) b.s.ops().fill(b.s, each.value, 0.5f);
  auto net = trained_network::make(b.s, make(model), weights_of(groups));
  REQUIRE(net);
  const auto x = b.normal({5, 6});
  auto y = x;
  for (const auto& each : groups) y = each->forward(b.s, y, phase::evaluate, nullptr);
  CHECK(to_vector(net->forward(b.s, x)) == to_vector(y));
}

TEST_CASE("weights that do not fit are refused with the name of one") {
  bench b;
  const auto& model = with_window[0];
  const auto refusal = [&](std::vector<safetensors_tensor> weights, const std::string& of) {
    const auto made = trained_network::make(b.s, make(of), weights);
    REQUIRE(!made);
    return made.message();
  };
  auto weights = weights_of(model);
  CHECK_THAT(refusal(weights, "gpt:2x16,heads=2,context=6,vocab=12"),
             contains("'0.weight' is 11x16, in the model 12x16"));
  CHECK_THAT(refusal(weights, "gpt:1x16,heads=2,context=6,vocab=11"),
             contains("there is no '3.weight', which the model has as 16"));
  CHECK_THAT(refusal(weights, "gpt:3x16,heads=2,context=6,vocab=11"), contains("there is no '5.0.weight'"));
  auto without = weights, with = weights, other = weights;
  without.pop_back();
  CHECK_THAT(refusal(without, model), contains("there is no '" + weights.back().name + "'"));
  with.push_back({"9.weight", dtype::f32, {1}, std::vector<char>(4)});
  CHECK_THAT(refusal(with, model), contains("'9.weight' belongs to no layer"));
  other[0].type = dtype::i32;
  CHECK_THAT(refusal(other, model), contains("another type than F32"));
}

TEST_CASE("a network with attention sees the last tokens of its context") {
  for (const auto& model : with_window) {
    INFO(model);
    bench b;
    auto tested = model_of(b.s, model);
    auto reference = trained_network::make(b.s, make(model), weights_of(model));
    CHECK(!tested.has_state());
    CHECK(tested.context() == 6);
    const auto tokens = some_tokens(20);
    const std::span<const std::int32_t> all(tokens);
    for (std::size_t i = 0; i < all.size(); ++i) {
      tested.read(all.subspan(i, 1));
      const auto first = i + 1 < 6 ? 0 : i + 1 - 6;
      const auto window = all.subspan(first, i + 1 - first);
      CHECK(logits_of(tested) == last_row(reference->forward(b.s, upload_tokens(b.s, window, 1))));
    }
    // Whatever the pieces that it comes in.
    auto in_pieces = model_of(b.s, model), at_once = model_of(b.s, model);
    at_once.read(all);
    CHECK(logits_of(at_once) == logits_of(tested));
    for (const auto& [first, count] : {std::pair{0, 4}, {4, 3}, {7, 9}, {16, 4}})
      in_pieces.read(all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
    CHECK(logits_of(in_pieces) == logits_of(tested));
  }
}

TEST_CASE("before its context is full, attention gives what it gives at that place of a whole window") {
  bench b;
  const auto& model = with_window[0];
  auto reference = trained_network::make(b.s, make(model), weights_of(model));
  const auto tokens = some_tokens(6);
  const auto whole = to_vector(reference->forward(b.s, upload_tokens(b.s, tokens, 1)));
  auto tested = model_of(b.s, model);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    tested.read(std::span(tokens).subspan(i, 1));
    const std::span row(whole.data() + i * vocabulary_size, vocabulary_size);
    CHECK(relative_distance(tested.logits(), row) < 10 * tolerance::formula);
  }
}

TEST_CASE("a network with a state remembers all that it has read, whatever the pieces it comes in") {
  for (const auto& model : with_state) {
    INFO(model);
    bench b;
    auto reference = trained_network::make(b.s, make(model), weights_of(model));
    const auto tokens = some_tokens(20);
    const std::span<const std::int32_t> all(tokens);
    // From zero, over more positions than a chunk of training has.
    const auto whole = to_vector(reference->forward(b.s, upload_tokens(b.s, tokens, 1)));
    auto by_one = model_of(b.s, model), at_once = model_of(b.s, model);
    CHECK(by_one.has_state());
    for (std::size_t i = 0; i < all.size(); ++i) {
      by_one.read(all.subspan(i, 1));
      const std::span row(whole.data() + i * vocabulary_size, vocabulary_size);
      CHECK(relative_distance(by_one.logits(), row) < 10 * tolerance::formula);
    }
    at_once.read(all);
    CHECK(relative_distance(at_once.logits(), by_one.logits()) < 10 * tolerance::formula);
    // The same last tokens after others are not the same text.
    auto short_memory = model_of(b.s, model);
    short_memory.read(all.last(1));
    CHECK(relative_distance(short_memory.logits(), by_one.logits()) > 1e-3);
  }
}

TEST_CASE("a language model reads the same on a late device") {
  configure_compute_thread();
  for (const auto& model : {with_state[0], with_window[0]}) {
    INFO(model);
    bench b;
    test::late_device late(7);
    auto here = model_of(b.s, model), there = model_of(late.make_stream(), model);
    for (const auto token : some_tokens(9)) {
      here.read(std::span(&token, 1));
      there.read(std::span(&token, 1));
      CHECK(logits_of(there) == logits_of(here));
    }
  }
}

TEST_CASE("what gives no next token at each position is no language model") {
  const auto refusal = [](const std::string& model) {
    const auto checked = check_language_model(make(model));
    REQUIRE(!checked);
    return checked.message();
  };
  for (const auto& model : {with_state[0], with_state[1], with_window[0]}) CHECK(check_language_model(make(model)));
  CHECK_THAT(refusal("mlp:6-4x2-3"), contains("model mlp:6-4x2-3: it takes 6 features, no tokens"));
  const std::string tokens = R"({"input": {"shape": [4], "categories": 5}, "units": [[)"
                             R"({"type": "Embedding", "num_embeddings": 5, "embedding_dim": 3})";
  CHECK_THAT(refusal(tokens + R"(, {"type": "Flatten"}, {"type": "Linear", "in_features": 12, "out_features": 5}]]})"),
             contains("it gives 5 features, no next token at each of 4 positions"));
  CHECK_THAT(refusal(tokens + R"(, {"type": "Linear", "in_features": 3, "out_features": 6}]]})"),
             contains("one of 6 tokens, and takes only those below 5"));
}

} // namespace syngrad

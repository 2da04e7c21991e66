#include "models/layers/gru.hpp"
#include "models/layers/lstm.hpp"

#include "models/layer_group.hpp"
#include "tests/models/layer_checks.hpp"
#include "tests/models/layers_of.hpp"

#include <limits>

namespace syngrad {
namespace {

using recurrent_options = recurrent::options;

struct recurrent_kind {
  const char* name;
  std::int64_t gates;
  std::unique_ptr<layer> (*make)(std::int64_t inputs, std::int64_t hidden, recurrent_options);
};

const recurrent_kind both_kinds[] = {
  {"lstm", 4,
   [](std::int64_t i, std::int64_t h, recurrent_options how) -> std::unique_ptr<layer> {
     return std::make_unique<lstm>(i, h, how);
   }},
  {"gru", 3,
   [](std::int64_t i, std::int64_t h, recurrent_options how) -> std::unique_ptr<layer> {
     return std::make_unique<gru>(i, h, how);
   }},
};

// Positions first..last-1 of each sample.
tensor positions_of(bench& b, const tensor& x, std::int64_t first, std::int64_t last) {
  const auto batch = x.extents()[0], all = x.extents()[1], features = x.extents()[2];
  std::vector<float> out;
  for (std::int64_t r = 0; r < batch; ++r)
    out.insert(out.end(), x.f32() + (r * all + first) * features, x.f32() + (r * all + last) * features);
  return b.upload({batch, last - first, features}, out);
}

std::vector<float> train_recurrent(bench& b, bound_layer& on, const tensor& x) {
  auto cache = on.cache();
  return to_vector(on.it->forward(b.s, x, phase::train, cache));
}

double logistic_of(double x) {
  return 1 / (1 + std::exp(-x));
}

// The whole sequence in double, sample by sample, as PyTorch's documentation writes it.
std::vector<float> plain_sequence(const recurrent_kind& of, layer& it, const tensor& x, std::int64_t n) {
  const auto parameters = it.parameters();
  const auto *w = parameters[0]->value.f32(), *u = parameters[1]->value.f32(), *b_ih = parameters[2]->value.f32(),
             *b_hh = parameters[3]->value.f32();
  const auto inputs = x.extents()[2];
  std::vector<float> y;
  for (std::int64_t r = 0; r < x.extents()[0]; ++r) {
    std::vector<double> h(n), c(n);
    for (std::int64_t t = 0; t < x.extents()[1]; ++t) {
      std::vector<double> p(of.gates * n), q(of.gates * n);
      for (std::int64_t k = 0; k < of.gates * n; ++k) {
        p[k] = b_ih[k], q[k] = b_hh[k];
        for (std::int64_t i = 0; i < inputs; ++i)
          p[k] += double{w[k * inputs + i]} * x.f32()[(r * x.extents()[1] + t) * inputs + i];
        for (std::int64_t i = 0; i < n; ++i) q[k] += u[k * n + i] * h[i];
      }
      for (std::int64_t j = 0; j < n; ++j) {
        const auto sum = [&](std::int64_t gate) { return p[gate * n + j] + q[gate * n + j]; };
        if (of.gates == 4) {
          c[j] = logistic_of(sum(1)) * c[j] + logistic_of(sum(0)) * std::tanh(sum(2));
          h[j] = logistic_of(sum(3)) * std::tanh(c[j]);
        } else {
          const auto z = logistic_of(sum(1));
          const auto candidate = std::tanh(p[2 * n + j] + logistic_of(sum(0)) * q[2 * n + j]);
          h[j] = (1 - z) * candidate + z * h[j];
        }
      }
      y.insert(y.end(), h.begin(), h.end());
    }
  }
  return y;
}

TEST_CASE("recurrent layers compute PyTorch's equations, in training and in evaluation") {
  for (const auto& each : both_kinds)
    for (const std::int64_t hidden : {1, 5, 33}) {
      INFO(each.name << " " << hidden);
      bench b;
      bound_layer tested(b, each.make(3, hidden, {}), {6, 3});
      const auto x = b.normal({4, 6, 3});
      const auto expected = plain_sequence(each, *tested.it, x, hidden);
      CHECK(relative_distance(train_recurrent(b, tested, x), expected) < tolerance::products);
      CHECK(to_vector(tested.it->forward(b.s, x, phase::evaluate, {})) == train_recurrent(b, tested, x));
    }
}

TEST_CASE("gradients through the positions agree with finite differences on random shapes") {
  for (const auto& each : both_kinds)
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      INFO(each.name << ", seed " << seed);
      bench b(seed);
      const shape of_sample{b.between(1, 6), b.between(1, 7)};
      const bound_layer tested(b, each.make(of_sample[1], b.between(1, 9), {}), of_sample);
      check_finite_differences(b, tested, b.between(1, 6));
    }
}

TEST_CASE("recurrent gradients come late, in any order, and are added where that is asked for") {
  for (const auto& each : both_kinds) {
    INFO(each.name);
    bench b;
    const bound_layer tested(b, each.make(5, 7, {}), {4, 5});
    check_accumulation(b, tested, 3);
    check_late_gradients(b, tested, 3);
  }
}

TEST_CASE("with carry, chunks of a stream give what the whole stream gives, and gradients end at a chunk's beginning") {
  for (const auto& each : both_kinds) {
    INFO(each.name);
    bench b;
    bound_layer whole(b, each.make(3, 5, {}), {9, 3}), chunked(b, each.make(3, 5, {.carry = true}), {3, 3});
    for (std::size_t i = 0; i < 4; ++i)
      b.s.ops().copy(b.s, whole.it->parameters()[i]->value, chunked.it->parameters()[i]->value);
    const auto x = b.normal({4, 9, 3});
    const auto y = b.upload({4, 9, 5}, train_recurrent(b, whole, x));
    std::vector<std::vector<tensor>> caches;
    for (std::int64_t first = 0; first < 9; first += 3) {
      auto& cache = caches.emplace_back(chunked.cache());
      const auto chunk = chunked.it->forward(b.s, positions_of(b, x, first, first + 3), phase::train, cache);
      CHECK(relative_distance(chunk, positions_of(b, y, first, first + 3)) < tolerance::formula);
    }
    // The whole stream's gradients of a loss in the middle chunk alone, minus what goes on to the first one, are the
    // chunk's own: those of its inputs and, as no weight acts before, those of its states.
    std::vector<float> in_middle(4 * 9 * 5);
    const auto dy = b.normal({4, 3, 5});
    for (std::int64_t r = 0; r < 4; ++r) std::copy_n(dy.f32() + r * 15, 15, in_middle.begin() + r * 45 + 15);
    auto cache = whole.cache();
    whole.it->forward(b.s, x, phase::train, cache);
    const auto of_whole = whole.it->backward(b.s, b.upload({4, 9, 5}, in_middle), cache, {});
    const auto of_chunk = chunked.it->backward(b.s, dy, caches[1], {});
    CHECK(relative_distance(of_chunk, positions_of(b, of_whole, 3, 6)) < 10 * tolerance::formula);
    CHECK(norm(values(positions_of(b, of_whole, 0, 3))) > 0);
  }
}

TEST_CASE("evaluation begins at zero and leaves the carried state alone") {
  for (const auto& each : both_kinds) {
    INFO(each.name);
    bench first_bench, second_bench;
    bound_layer with(first_bench, each.make(3, 5, {.carry = true}), {4, 3}),
      without(second_bench, each.make(3, 5, {.carry = true}), {4, 3});
    const auto of_zero = with.it->forward(first_bench.s, first_bench.normal({2, 4, 3}), phase::evaluate, {});
    second_bench.normal({2, 4, 3});
    for (int batch = 0; batch < 3; ++batch) {
      const auto x = first_bench.normal({2, 4, 3});
      const auto y = train_recurrent(first_bench, with, x);
      CHECK(y == train_recurrent(second_bench, without, second_bench.normal({2, 4, 3})));
      const auto evaluated = to_vector(with.it->forward(first_bench.s, x, phase::evaluate, {}));
      CHECK((evaluated == y) == (batch == 0));
      CHECK(to_vector(with.it->forward(first_bench.s, x, phase::evaluate, {})) == evaluated);
      with.it->forward(first_bench.s, first_bench.upload({1, 4, 3}, std::vector<float>(12, 1)), phase::evaluate, {});
    }
    CHECK(of_zero.rows() == 8);
  }
}

TEST_CASE("evaluation that is told to goes on where the one before ended, apart from training") {
  for (const auto& each : both_kinds) {
    for (const bool carry : {false, true}) {
      INFO(each.name << (carry ? ", carrying" : ""));
      bench b;
      bound_layer tested(b, each.make(3, 5, {.carry = carry}), {4, 3}),
        undisturbed(b, each.make(3, 5, {.carry = carry}), {4, 3});
      for (std::size_t i = 0; i < 4; ++i)
        b.s.ops().copy(b.s, tested.it->parameters()[i]->value, undisturbed.it->parameters()[i]->value);
      const auto x = b.normal({2, 9, 3}), batch = b.normal({2, 4, 3});
      const auto whole = tested.it->forward(b.s, x, phase::evaluate, {});
      const auto piece = [&](std::int64_t first, std::int64_t end) {
        return tested.it->forward(b.s, positions_of(b, x, first, end), phase::evaluate, {});
      };
      for (int text = 0; text < 2; ++text) {
        tested.it->continue_evaluations(true);
        for (const auto& [first, end] : {std::pair{0, 4}, {4, 5}, {5, 9}}) {
          CHECK(relative_distance(piece(first, end), positions_of(b, whole, first, end)) < tolerance::formula);
          CHECK(train_recurrent(b, tested, batch) == train_recurrent(b, undisturbed, batch));
        }
      }
      tested.it->continue_evaluations(false);
      for (int i = 0; i < 2; ++i)
        CHECK(to_vector(piece(0, 4)) ==
              to_vector(undisturbed.it->forward(b.s, positions_of(b, x, 0, 4), phase::evaluate, {})));
    }
  }
}

TEST_CASE("a batch of another size begins at zero and leaves the carried state alone") {
  for (const auto& each : both_kinds) {
    INFO(each.name);
    bench b;
    bound_layer carrying(b, each.make(3, 5, {.carry = true}), {4, 3}), plain(b, each.make(3, 5, {}), {4, 3}),
      undisturbed(b, each.make(3, 5, {.carry = true}), {4, 3});
    for (auto* other : {&plain, &undisturbed})
      for (std::size_t i = 0; i < 4; ++i)
        b.s.ops().copy(b.s, carrying.it->parameters()[i]->value, other->it->parameters()[i]->value);
    const auto x = b.normal({2, 4, 3}), of_one = b.normal({1, 4, 3});
    CHECK(train_recurrent(b, carrying, x) == train_recurrent(b, plain, x));
    CHECK(train_recurrent(b, carrying, of_one) == train_recurrent(b, plain, of_one));
    train_recurrent(b, undisturbed, x);
    CHECK(train_recurrent(b, carrying, x) == train_recurrent(b, undisturbed, x));
    CHECK(train_recurrent(b, carrying, x) != train_recurrent(b, plain, x));
  }
}

TEST_CASE("a carried state with a number that is not finite begins at zero again") {
  for (const auto& each : both_kinds) {
    INFO(each.name);
    bench b;
    bound_layer carrying(b, each.make(3, 5, {.carry = true}), {4, 3}), fresh(b, each.make(3, 5, {}), {4, 3});
    for (std::size_t i = 0; i < 4; ++i)
      b.s.ops().copy(b.s, carrying.it->parameters()[i]->value, fresh.it->parameters()[i]->value);
    auto bad = b.normal({2, 4, 3});
    values(bad)[7] = std::numeric_limits<float>::quiet_NaN();
    train_recurrent(b, carrying, bad);
    const auto x = b.normal({2, 4, 3});
    CHECK(relative_distance(train_recurrent(b, carrying, x), train_recurrent(b, fresh, x)) < tolerance::formula);
  }
}

TEST_CASE("once warm, a carrying group allocates no device memory") {
  for (const auto& each : both_kinds) {
    bench b;
    layer_group group(b.s, {{4, 6}}, layers_of(each.make(6, 8, {.carry = true}), each.make(8, 6, {.carry = true})), {},
                      3, 0);
    const auto x = b.normal({12, 6}), dy = b.normal({12, 6});
    std::uint64_t warm = 0;
    for (int i = 0; i < 30; ++i) {
      if (i == 3) warm = b.where.memory().counters().allocations;
      group_cache cache;
      group.forward(b.s, x, phase::train, &cache);
      group.backward_and_update(b.s, dy, cache, true, {.terms = 12, .learning_rate = 0.01f});
    }
    CHECK(b.where.memory().counters().allocations == warm);
  }
}

TEST_CASE(
  "recurrent layers have PyTorch's parameters, and start uniform within one over the root of the hidden width") {
  for (const auto& each : both_kinds) {
    INFO(each.name);
    bench b;
    const auto it = each.make(6, 16, {});
    arena memory(b.s, {it->parameters()});
    it->initialize(b.s, b.random);
    std::vector<std::string> names;
    for (const auto* parameter : it->parameters()) {
      names.push_back(parameter->name);
      double most = 0;
      for (const auto value : values(parameter->value)) most = std::max(most, std::abs(double{value}));
      CHECK(most <= 0.25);
      CHECK(most > 0.2);
    }
    CHECK(names == std::vector<std::string>{"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"});
    CHECK(it->parameters()[0]->extents == shape{each.gates * 16, 6});
    CHECK(it->parameters()[1]->extents == shape{each.gates * 16, 16});
    CHECK(it->parameters()[3]->extents == shape{each.gates * 16});
  }
}

TEST_CASE("recurrent layers describe themselves, their cost, and what they take") {
  CHECK(lstm(65, 128, {}).describe() == "lstm 65->128");
  CHECK(gru(65, 128, {.carry = true}).describe() == "gru 65->128, carrying");
  CHECK(lstm(65, 128, {}).infer({{7, 65}}).value() == sample_spec{{7, 128}});
  CHECK(lstm(65, 128, {}).infer({{65}}).message() == "takes one axis of positions, of 65 features each");
  CHECK(lstm(65, 128, {}).infer({{7, 64}}).message() == "takes one axis of positions, of 65 features each");
  CHECK(gru(2, 3, {}).infer({{4, 5, 2}}).message() == "takes one axis of positions, of 2 features each");
  CHECK(lstm(65, 128, {}).multiply_adds({{7, 65}}) == 7 * 512 * (3.0 * (65 + 128) + 10));
  CHECK(gru(65, 128, {}).multiply_adds({{1, 65}}) == 384 * (3.0 * (65 + 128) + 10));
}

} // namespace
} // namespace syngrad

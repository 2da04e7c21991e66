#include "models/later_gradient.hpp"

#include "models/layer_group.hpp"
#include "models/layers/gru.hpp"
#include "models/layers/lstm.hpp"
#include "models/layers/sequential.hpp"
#include "tests/models/bound_layer.hpp"
#include "tests/models/layers_of.hpp"
#include "tests/models/tolerances.hpp"

#include <array>
#include <limits>

namespace syngrad {
namespace {

using later_options = later_gradient::options;

// A prediction that counts in full, however long it is.
const later_options unbounded{.discount = 1, .most = 1e9f};

std::unique_ptr<layer> make_recurrent(bool is_lstm, std::int64_t inputs, std::int64_t hidden, bool carry) {
  if (is_lstm) return std::make_unique<lstm>(inputs, hidden, recurrent::options{carry});
  return std::make_unique<gru>(inputs, hidden, recurrent::options{carry});
}

// Where a later_gradient keeps what it has learnt.
struct insides {
  explicit insides(learned_state of) : right_side(of.tensors[1]), solution(of.tensors[2]) {}

  // From now on it predicts `values` for each row, whatever the state.
  void always_predict(const std::vector<float>& gradient) {
    const auto features = solution.columns();
    std::fill(values(solution).begin(), values(solution).end(), 0.0f);
    for (std::int64_t i = 0; i < solution.rows(); ++i)
      solution.f32()[(i + 1) * features - 1] = gradient[static_cast<std::size_t>(i)];
  }
  // Of a lesson of one row after none: its target, as the constant feature has summed it.
  std::vector<float> only_target() const {
    const auto all = to_vector(right_side);
    return {all.end() - right_side.columns(), all.end()};
  }

  tensor right_side, solution;
};

tensor part_of_positions(bench& b, const tensor& x, std::int64_t first, std::int64_t count) {
  const auto features = x.extents()[2];
  return b.upload({1, count, features}, {x.f32() + first * features, x.f32() + (first + count) * features});
}

std::vector<float> sum_of(std::vector<float> a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

void copy_parameters(bench& b, layer& from, layer& to) {
  for (std::size_t i = 0; i < from.parameters().size(); ++i)
    b.s.ops().copy(b.s, from.parameters()[i]->value, to.parameters()[i]->value);
}

// Two chunks of 3 positions, with predictions that are what is to be predicted, against one chunk of 6.
void check_oracle(bench& b, bound_layer& whole, bound_layer& chunked, std::int64_t inputs, std::int64_t outputs) {
  copy_parameters(b, *whole.it, *chunked.it);
  for (auto* each : chunked.it->carrying_parts()) each->predict_later(b.s, unbounded);
  const auto x = b.normal({1, 6, inputs}), dy = b.normal({1, 6, outputs});
  auto cache = whole.cache(), first = chunked.cache(), second = chunked.cache();
  whole.it->forward(b.s, x, phase::train, cache);
  const auto dx = whole.it->backward(b.s, dy, cache, {});
  const auto expected = gradients_of(*whole.it);

  chunked.it->forward(b.s, part_of_positions(b, x, 0, 3), phase::train, first);
  chunked.it->forward(b.s, part_of_positions(b, x, 3, 3), phase::train, second);
  // The last chunk first: nothing has been learnt, so that zero is predicted for its end, as the whole has it.
  const following_targets unknown;
  const backward_request wanted{.following = &unknown};
  const auto of_second = chunked.it->backward(b.s, part_of_positions(b, dy, 3, 3), second, wanted);
  const auto gradient_of_second = gradients_of(*chunked.it);
  for (auto* each : chunked.it->carrying_parts()) {
    insides in(each->learned());
    in.always_predict(in.only_target());
  }
  const auto of_first = chunked.it->backward(b.s, part_of_positions(b, dy, 0, 3), first, wanted);
  CHECK(relative_distance(sum_of(gradients_of(*chunked.it), gradient_of_second), expected) < 10 * tolerance::formula);
  CHECK(relative_distance(of_second, part_of_positions(b, dx, 3, 3)) < 10 * tolerance::formula);
  CHECK(relative_distance(of_first, part_of_positions(b, dx, 0, 3)) < 10 * tolerance::formula);

  // As a correction of that pass, the same gradient has nothing to come after it.
  const auto truncated = chunked.it->backward(b.s, part_of_positions(b, dy, 0, 3), first, {});
  CHECK(relative_distance(truncated, of_first) > 1e-3);
}

TEST_CASE("where what comes later is known, two chunks have the gradients of one that is twice as long") {
  for (const bool is_lstm : {true, false}) {
    INFO((is_lstm ? "lstm" : "gru"));
    bench b;
    bound_layer whole(b, make_recurrent(is_lstm, 3, 5, false), {6, 3}),
      chunked(b, make_recurrent(is_lstm, 3, 5, true), {3, 3});
    check_oracle(b, whole, chunked, 3, 5);
  }
}

TEST_CASE("the same of layers on each other, each with a prediction for its own state") {
  const auto stack = [](bool carry) {
    return std::make_unique<sequential>(layers_of(make_recurrent(true, 3, 5, carry), make_recurrent(false, 5, 4, carry),
                                                  make_recurrent(true, 4, 6, carry)));
  };
  bench b;
  bound_layer whole(b, stack(false), {6, 3}), chunked(b, stack(true), {3, 3});
  CHECK(chunked.it->carrying_parts().size() == 3);
  check_oracle(b, whole, chunked, 3, 6);
}

TEST_CASE("without predictions, and during their warm-up, gradients are those of truncation bit for bit") {
  for (const bool is_lstm : {true, false}) {
    bench b;
    bound_layer plain(b, make_recurrent(is_lstm, 3, 5, true), {4, 3}),
      warming(b, make_recurrent(is_lstm, 3, 5, true), {4, 3});
    copy_parameters(b, *plain.it, *warming.it);
    warming.it->carrying_parts()[0]->predict_later(b.s, {.warmup = 3});
    const following_targets unknown;
    for (int batch = 0; batch < 6; ++batch) {
      const auto x = b.normal({2, 4, 3}), dy = b.normal({2, 4, 5});
      auto of_plain = plain.cache(), of_warming = warming.cache();
      plain.it->forward(b.s, x, phase::train, of_plain);
      warming.it->forward(b.s, x, phase::train, of_warming);
      plain.it->backward(b.s, dy, of_plain, {.following = &unknown}); // nobody has asked it to predict
      warming.it->backward(b.s, dy, of_warming, {.following = &unknown});
      CHECK((gradients_of(*plain.it) == gradients_of(*warming.it)) == (batch < 4)); // the first batch has no lesson
    }
  }
}

TEST_CASE("a pass for inputs alone is predicted for and teaches nothing; one without what follows is truncated") {
  bench b;
  bound_layer tested(b, make_recurrent(true, 3, 5, true), {4, 3});
  auto* part = tested.it->carrying_parts()[0];
  part->predict_later(b.s, unbounded);
  const following_targets unknown;
  std::vector<std::vector<tensor>> caches;
  for (int batch = 0; batch < 6; ++batch) {
    tested.it->forward(b.s, b.normal({2, 4, 3}), phase::train, caches.emplace_back(tested.cache()));
    tested.it->backward(b.s, b.normal({2, 4, 5}), caches.back(), {.following = &unknown});
  }
  const auto before = write_state(b.s, part->learned());
  const auto dy = b.normal({2, 4, 5});
  const auto for_inputs = [&](const following_targets* following) {
    return to_vector(
      tested.it->backward(b.s, dy, caches.back(), {.parameter_gradient = false, .following = following}));
  };
  const auto with = for_inputs(&unknown), without = for_inputs(nullptr);
  CHECK(with != without);
  CHECK(write_state(b.s, part->learned()) == before);
  insides(part->learned()).always_predict(std::vector<float>(10));
  CHECK(for_inputs(&unknown) == without);
  REQUIRE(read_state(b.s, part->learned(), before));
  CHECK(for_inputs(&unknown) == with);
}

// The linear map that a later_gradient should have found, in double precision, by Gauss and Jordan.
std::vector<double> plain_least_squares(const std::vector<std::vector<double>>& phi,
                                        const std::vector<std::vector<double>>& targets,
                                        const std::vector<double>& weights) {
  const auto n = phi[0].size(), m = targets[0].size();
  std::vector<std::vector<double>> system(n, std::vector<double>(n + m));
  for (std::size_t r = 0; r < phi.size(); ++r)
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) system[i][j] += weights[r] * phi[r][i] * phi[r][j];
      for (std::size_t j = 0; j < m; ++j) system[i][n + j] += weights[r] * phi[r][i] * targets[r][j];
    }
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += system[i][i] / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i) system[i][i] += 1e-3 * system[i][i] + 1e-5 * mean;
  for (std::size_t i = 0; i < n; ++i) {
    const auto pivot = system[i][i];
    for (auto& each : system[i]) each /= pivot;
    for (std::size_t k = 0; k < n; ++k) {
      if (k == i) continue;
      const auto factor = system[k][i];
      for (std::size_t j = 0; j < n + m; ++j) system[k][j] -= factor * system[i][j];
    }
  }
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i)
    out.insert(out.end(), system[i].begin() + static_cast<std::ptrdiff_t>(n), system[i].end());
  return out;
}

TEST_CASE("predictions are the least squares of what was learnt, from state, following targets and a constant") {
  constexpr std::int64_t width = 3, batch = 40, seen = 2;
  constexpr std::int32_t classes = 3;
  constexpr std::size_t features = 2 * width + seen * classes + 1;
  bench b;
  later_options how = unbounded;
  how.targets = seen, how.classes = classes, how.discount = 0.75f;
  later_gradient tested(b.s, width, 2, how);
  CHECK(tested.features() == static_cast<std::int64_t>(features));
  std::vector<std::vector<double>> phi, targets;
  std::vector<double> weights;
  const auto features_of = [&](const tensor& state, const tensor& following, std::int64_t r) {
    std::vector<double> out(state.f32() + r * 2 * width, state.f32() + (r + 1) * 2 * width);
    for (std::int64_t j = 0; j < seen; ++j)
      for (std::int32_t k = 0; k < classes; ++k) out.push_back(following && following.i32()[r * seen + j] == k);
    out.push_back(1);
    return out;
  };
  const auto draw_targets = [&] {
    auto out = b.labels(batch * seen, classes).view(0, {batch, seen});
    out.i32()[3] = -1; // the text has ended
    return out;
  };
  for (int lesson = 0; lesson < 4; ++lesson) {
    const auto state = b.normal({batch, 2 * width}), gradient = b.normal({batch, 2 * width});
    const auto following = lesson == 1 ? tensor() : draw_targets();
    tested.learn(b.s, state, following, gradient);
    for (auto& each : weights) each *= double{how.forget};
    for (std::int64_t r = 0; r < batch; ++r) {
      phi.push_back(features_of(state, following, r));
      targets.emplace_back(gradient.f32() + r * 2 * width, gradient.f32() + (r + 1) * 2 * width);
      weights.push_back(1);
    }
  }
  const auto expected = plain_least_squares(phi, targets, weights);
  // A prediction for all rows, whose mean is then subtracted.
  const auto state = b.normal({batch, 2 * width});
  const auto following = draw_targets();
  std::array parts{b.normal({batch, width}), b.normal({batch, width})};
  tested.measure(b.s, b.normal({batch, 5}));
  tested.predict(b.s, state, following, parts);
  for (std::size_t part = 0; part < 2; ++part) {
    std::vector<float> plain;
    for (std::int64_t r = 0; r < batch; ++r) {
      const auto row = features_of(state, following, r);
      for (std::size_t j = 0; j < width; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < features; ++i) sum += row[i] * expected[i * 2 * width + part * width + j];
        plain.push_back(static_cast<float>(0.75 * sum));
      }
    }
    for (std::size_t j = 0; j < width; ++j) {
      double mean = 0;
      for (std::size_t r = 0; r < batch; ++r) mean += plain[r * width + j] / double{batch};
      for (std::size_t r = 0; r < batch; ++r) plain[r * width + j] -= static_cast<float>(mean);
    }
    CHECK(relative_distance(to_vector(parts[part]), plain) < tolerance::solve);
  }
}

TEST_CASE("no row of a prediction is longer than so many mean rows of the gradient from above") {
  bench b;
  later_options how;
  how.most = 2;
  later_gradient tested(b.s, 3, 1, how);
  insides(tested.learned()).always_predict({30, -40, 0});
  std::array out{b.normal({1, 3})};
  for (const double scale : {1.0, 1.0, 3.0}) {
    const auto dy = b.upload({2, 4, 2}, std::vector<float>(16, static_cast<float>(scale)));
    tested.measure(b.s, dy);
    tested.predict(b.s, b.normal({1, 3}), {}, out);
  }
  // Rows of norm root 2, twice, then thrice that: the mean of the squares by how recent they are.
  const double forget = how.forget, mean = (forget * forget * 2 + forget * 2 + 18) / (forget * forget + forget + 1);
  CHECK(norm(values(out[0])) == Approx(2 * std::sqrt(mean)).epsilon(1e-5));
  // A chunk that is not finite does not count as one of none.
  tested.measure(b.s, b.upload({2, 4, 2}, std::vector<float>(16, std::numeric_limits<float>::infinity())));
  tested.predict(b.s, b.normal({1, 3}), {}, out);
  CHECK(norm(values(out[0])) == Approx(2 * std::sqrt(mean)).epsilon(1e-5));
  CHECK(out[0].f32()[1] / out[0].f32()[0] == Approx(-4.0 / 3));
}

TEST_CASE("a lesson or a gradient that is not finite is left out") {
  bench b;
  later_gradient tested(b.s, 3, 1, unbounded), undisturbed(b.s, 3, 1, unbounded);
  const auto state = b.normal({30, 3}), gradient = b.normal({30, 3}), dy = b.normal({30, 3});
  tested.learn(b.s, state, {}, gradient);
  undisturbed.learn(b.s, state, {}, gradient);
  auto bad = b.normal({30, 3});
  values(bad)[11] = std::numeric_limits<float>::infinity();
  tested.learn(b.s, state, {}, bad);
  tested.learn(b.s, bad, {}, gradient);
  std::array out{b.normal({30, 3})}, expected{b.normal({30, 3})};
  tested.measure(b.s, dy);
  tested.measure(b.s, bad);
  undisturbed.measure(b.s, dy);
  tested.predict(b.s, state, {}, out);
  undisturbed.predict(b.s, state, {}, expected);
  CHECK(norm(values(expected[0])) > 0.1);
  CHECK(relative_distance(out[0], expected[0]) < tolerance::solve);
}

TEST_CASE("a group saves what its predictions have learnt, and another goes on from it") {
  bench b;
  const auto make = [&](std::uint64_t seed) {
    auto made = std::make_unique<layer_group>(
      b.s, sample_spec{{4, 3}}, layers_of(make_recurrent(true, 3, 5, true), make_recurrent(false, 5, 4, true)),
      optimizer_settings{}, seed, 0);
    made->predict_later(b.s, {.targets = 2, .classes = 6});
    return made;
  };
  const auto from = make(1), to = make(2);
  std::uint64_t warm = 0;
  for (int batch = 0; batch < 12; ++batch) {
    if (batch == 7) warm = b.where.memory().counters().allocations;
    group_cache cache;
    from->forward(b.s, b.normal({8, 3}), phase::train, &cache);
    cache.following = {b.labels(4, 6).view(0, {2, 2}), b.labels(4, 6).view(0, {2, 2})};
    from->backward_and_update(b.s, b.normal({8, 4}), cache, true, {.terms = 8, .learning_rate = 0.01f});
  }
  CHECK(b.where.memory().counters().allocations == warm);
  const auto bytes = write_state(b.s, from->learned());
  CHECK(bytes != write_state(b.s, to->learned()));
  REQUIRE(read_state(b.s, to->learned(), bytes));
  CHECK(bytes == write_state(b.s, to->learned()));
}

TEST_CASE("an evaluation that was begun goes on from batch to batch, and begins at zero again") {
  for (const bool is_lstm : {true, false}) {
    bench b;
    bound_layer whole(b, make_recurrent(is_lstm, 3, 5, false), {6, 3}),
      chunked(b, make_recurrent(is_lstm, 3, 5, true), {3, 3});
    copy_parameters(b, *whole.it, *chunked.it);
    const auto x = b.normal({1, 6, 3});
    const auto y = whole.it->forward(b.s, x, phase::evaluate, {});
    const auto evaluated = [&](std::int64_t first) {
      return chunked.it->forward(b.s, part_of_positions(b, x, first, 3), phase::evaluate, {});
    };
    for (int evaluation = 0; evaluation < 2; ++evaluation) {
      chunked.it->carrying_parts()[0]->begin_evaluation(b.s);
      CHECK(relative_distance(evaluated(0), part_of_positions(b, y, 0, 3)) < tolerance::formula);
      auto cache = chunked.cache();
      chunked.it->forward(b.s, b.normal({1, 3, 3}), phase::train, cache); // has a state of its own
      CHECK(relative_distance(evaluated(3), part_of_positions(b, y, 3, 3)) < tolerance::formula);
    }
  }
}

TEST_CASE("how layers are unrolled is read as it is written, and what is no way is refused") {
  for (const char* text : {"truncated", "dni", "dni:0", "dni:7"}) CHECK(unroll_settings::parse(text)->text() == text);
  for (const char* text : {"", "full", "dni:", "dni:-1", "dni:x", "dni:5000"}) {
    const auto read = unroll_settings::parse(text);
    REQUIRE_FALSE(read);
    CHECK(read.message().find("dni:3") != std::string::npos);
  }
  CHECK(unroll_settings::parse("truncated")->targets_seen(10) == 0);
  CHECK(unroll_settings::parse("dni")->targets_seen(10) == 4);
  CHECK(unroll_settings::parse("dni")->targets_seen(256) == 2);
  CHECK(unroll_settings::parse("dni")->targets_seen(50257) == 0);
  CHECK(unroll_settings::parse("dni:7")->targets_seen(256) == 7);
  CHECK(unroll_settings::parse("dni:100")->targets_seen(256) == 16);
}

} // namespace
} // namespace syngrad

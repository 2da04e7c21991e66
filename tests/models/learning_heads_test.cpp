// Heads of other forms than the linear one: mlp and early-exit.
#include "models/local_head_choice.hpp"
#include "models/predictors/early_exit_head.hpp"
#include "models/predictors/mlp_head.hpp"
#include "tests/models/contains.hpp"
#include "tests/models/tolerances.hpp"
#include "tests/models/train_predictor.hpp"

#include <functional>

namespace syngrad {
namespace {

using plain_row = std::vector<double>;

plain_row normalised(const plain_row& h) {
  const auto count = static_cast<double>(h.size());
  double mean = 0, variance = 0;
  for (const auto each : h) mean += each / count;
  for (const auto each : h) variance += (each - mean) * (each - mean) / count;
  auto out = h;
  for (auto& each : out) each = (each - mean) / std::sqrt(variance + 1e-5);
  return out;
}

// weight [outputs, inputs]
plain_row through(const plain_row& x, const tensor& weight, const tensor& bias) {
  const auto inputs = x.size(), outputs = static_cast<std::size_t>(bias.elements());
  plain_row out(outputs);
  for (std::size_t k = 0; k < outputs; ++k) {
    out[k] = bias.f32()[k];
    for (std::size_t i = 0; i < inputs; ++i) out[k] += weight.f32()[k * inputs + i] * x[i];
  }
  return out;
}

// Rows of h [rows, features], each with what a loss of it and its label becomes by a small change of its elements.
std::vector<float> differences(const tensor& h, const tensor& labels,
                               const std::function<double(const plain_row& h, std::int32_t label)>& loss) {
  constexpr double step = 1e-5;
  const auto features = static_cast<std::size_t>(h.columns());
  std::vector<float> out;
  for (std::int64_t row = 0; row < h.rows(); ++row) {
    const auto all = values(h).subspan(static_cast<std::size_t>(row) * features, features);
    for (std::size_t i = 0; i < features; ++i) {
      plain_row up(all.begin(), all.end()), down = up;
      up[i] += step;
      down[i] -= step;
      const auto label = labels.i32()[row];
      out.push_back(static_cast<float>((loss(up, label) - loss(down, label)) / (2 * step)));
    }
  }
  return out;
}

TEST_CASE("the gradient of a head with a hidden layer is that of its loss") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    bench b(seed);
    const auto features = b.between(3, 20), rows = b.between(2, 9), hidden = b.between(1, 12);
    const auto classes = static_cast<std::int32_t>(b.between(2, 7));
    mlp_head_predictor head(b.s, task_of(features, classes), hidden, b.random);
    const auto weights = head.parameters();
    for (auto* each : weights)
      for (auto& value : values(each->value)) value = static_cast<float>(0.5 * b.random.normal());
    const auto h = b.normal({rows, features}, 3);
    const auto labels = b.labels(rows, classes);
    const auto loss = [&](const plain_row& of, std::int32_t label) {
      auto inner = through(normalised(of), weights[0]->value, weights[1]->value);
      for (auto& each : inner) each = std::max(0.0, each);
      double total = 0;
      const auto logits = through(inner, weights[2]->value, weights[3]->value);
      for (const auto each : logits) total += std::exp(each);
      return std::log(total) - logits[static_cast<std::size_t>(label)];
    };
    CHECK(relative_distance(to_vector(head.predict(b.s, h, labels)), differences(h, labels, loss)) < 1e-3);
  }
}

// Before and after many batches of classes around centres: how large the gradient is, and so the errors are.
template <class Train>
void check_that_errors_fall(bench& b, synthetic_gradient_model& head, const Train& train) {
  const auto centres = b.normal({3, 6}, 2);
  const auto draw = [&](const tensor& labels) {
    auto h = b.normal({labels.elements(), 6}, 0.3), placed = make_tensor(b.s, h.extents());
    b.s.ops().fill_rows(b.s, nullptr, &centres, &labels, placed);
    b.s.ops().add(b.s, placed, 1, h);
    return h;
  };
  const auto labels = b.labels(300, 3);
  const auto h = draw(labels);
  const auto others = b.upload_numbers([&] {
    std::vector<std::int32_t> all;
    for (std::int64_t i = 0; i < 300; ++i) all.push_back((labels.i32()[i] + 1) % 3);
    return all;
  }());
  for (int i = 0; i < 300; ++i) {
    const auto now = b.labels(64, 3);
    train(draw(now), now);
  }
  // What is asked for fits what it has learnt: little is left; the labels of others do not.
  CHECK(norm(values(head.predict(b.s, h, labels))) < 0.2 * norm(values(head.predict(b.s, h, others))));
}

TEST_CASE("a head with a hidden layer learns to tell classes apart") {
  bench b;
  mlp_head_predictor head(b.s, task_of(6, 3), 8, b.random);
  check_that_errors_fall(b, head,
                         [&](const tensor& h, const tensor& labels) { head.train(b.s, h, labels, {}, 1e-2f); });
}

TEST_CASE("an early exit learns to tell classes apart, without a rate") {
  bench b;
  early_exit_head head(b.s, task_of(6, 3));
  check_that_errors_fall(b, head,
                         [&](const tensor& h, const tensor& labels) { train_predictor(b, head, h, labels, {}, 0); });
}

// Solves (S + ridge mean(diag S)) W = C in double precision, by elimination.
plain_row plain_solution(std::size_t n, std::size_t columns, plain_row s, plain_row c) {
  double trace = 0;
  for (std::size_t i = 0; i < n; ++i) trace += s[i * n + i];
  for (std::size_t i = 0; i < n; ++i) s[i * n + i] += early_exit_head::ridge * trace / static_cast<double>(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) {
      const auto factor = s[j * n + i] / s[i * n + i];
      for (std::size_t k = i; k < n; ++k) s[j * n + k] -= factor * s[i * n + k];
      for (std::size_t k = 0; k < columns; ++k) c[j * columns + k] -= factor * c[i * columns + k];
    }
  for (std::size_t i = n; i-- > 0;)
    for (std::size_t k = 0; k < columns; ++k) {
      for (std::size_t j = i + 1; j < n; ++j) c[i * columns + k] -= s[i * n + j] * c[j * columns + k];
      c[i * columns + k] /= s[i * n + i];
    }
  return c;
}

TEST_CASE("an early exit is the least-squares map of normalised activations to labels, whose loss has its gradient") {
  constexpr std::size_t features = 9, unknowns = features + 1, classes = 4, rows = 40;
  bench b;
  early_exit_head head(b.s, task_of(features, classes));
  plain_row sums(unknowns * unknowns), right_side(unknowns * classes);
  constexpr auto trainings = early_exit_head::solved_at_first + early_exit_head::interval; // the last one solves
  for (std::int64_t i = 0; i < trainings; ++i) {
    const auto h = b.normal({rows, features});
    auto labels = b.labels(rows, classes);
    labels.i32()[3] = labels.i32()[17] = no_label; // rows without one count for nothing
    train_predictor(b, head, h, labels, {}, 0);
    for (auto* each : {&sums, &right_side})
      for (auto& value : *each) value *= early_exit_head::forget;
    for (std::size_t row = 0; row < rows; ++row) {
      if (labels.i32()[row] == no_label) continue;
      const auto* begin = h.f32() + row * features;
      auto x = normalised({begin, begin + features});
      x.push_back(1);
      for (std::size_t p = 0; p < unknowns; ++p) {
        for (std::size_t q = 0; q < unknowns; ++q) sums[p * unknowns + q] += x[p] * x[q];
        right_side[p * classes + static_cast<std::size_t>(labels.i32()[row])] += x[p];
      }
    }
  }
  const auto expected = plain_solution(unknowns, classes, sums, right_side);
  const std::vector<float> as_floats(expected.begin(), expected.end());
  CHECK(relative_distance(to_vector(head.parameters().front()->value), as_floats) < tolerance::solve);

  const auto h = b.normal({rows, features}, 3);
  auto labels = b.labels(rows, classes);
  labels.i32()[5] = no_label;
  const auto loss = [&](const plain_row& of, std::int32_t label) {
    auto x = normalised(of);
    x.push_back(1);
    double sum = 0;
    for (std::size_t k = 0; k < classes && label != no_label; ++k) {
      double error = static_cast<std::int32_t>(k) == label ? -1 : 0;
      for (std::size_t p = 0; p < unknowns; ++p) error += x[p] * expected[p * classes + k];
      sum += error * error / 2;
    }
    return sum;
  };
  CHECK(relative_distance(to_vector(head.predict(b.s, h, labels)), differences(h, labels, loss)) < tolerance::solve);
}

TEST_CASE("a head with a hidden layer and an early exit count their parameters and their work") {
  bench b;
  const mlp_head_predictor mlp(b.s, task_of(16, 4), 5, b.random);
  CHECK(mlp.parameter_count() == 16 * 5 + 5 + 5 * 4 + 4);
  CHECK(mlp.predict_multiply_adds() == 2 * (16 * 5 + 5 * 4));
  CHECK(mlp.train_multiply_adds() == 2 * 16 * 5 + 3 * 5 * 4);
  early_exit_head solved(b.s, task_of(16, 4));
  CHECK(solved.parameter_count() == 17 * 4);
  CHECK(solved.predict_multiply_adds() == 2 * 16 * 4);
  CHECK(solved.train_multiply_adds() == 16 * 16 / 2);
  train_predictor(b, solved, b.normal({8, 16}), b.labels(8, 4), {}, 0);
  CHECK(solved.multiply_adds_done() == 8 * 128 + 17.0 * 17 * 17 / 6 + 17 * 17 * 4);
}

// What one predicted for is what it trains on: remembering it changes nothing.
TEST_CASE("heads train the same whether or not they have predicted for the batch") {
  for (const auto* kind : {"head:mlp:5", "head:early-exit"}) {
    INFO(kind);
    bench b;
    const auto make = [&] {
      random_source random(3, 3);
      return std::move(make_synthetic_gradient_model(b.s, {.kind = kind}, task_of(6, 3), random).value());
    };
    const auto asked = make(), unasked = make();
    for (int i = 0; i < 12; ++i) {
      const auto h = b.normal({16, 6}), later = b.normal({16, 6});
      const auto labels = b.labels(16, 3), later_labels = b.labels(16, 3);
      asked->predict(b.s, h, labels);
      asked->predict(b.s, later, later_labels);
      for (const auto& [x, y] : {std::pair(h, labels), std::pair(later, later_labels)})
        for (auto* each : {asked.get(), unasked.get()}) train_predictor(b, *each, x, y, {}, 1e-2f);
      CHECK(to_vector(asked->predict(b.s, h, labels)) == to_vector(unasked->predict(b.s, h, labels)));
    }
  }
}

TEST_CASE("which head is written and read as text") {
  using form = local_head_choice::form;
  CHECK(local_head_choice::parse("linear").value() == local_head_choice{});
  CHECK(local_head_choice::parse("mlp:64").value() == local_head_choice{form::mlp, 64});
  CHECK(local_head_choice::parse("early-exit").value() == local_head_choice{form::early_exit});
  for (const auto* text : {"linear", "mlp:64", "early-exit"}) {
    const auto chosen = local_head_choice::parse(text).value();
    CHECK(chosen.text() == text);
    CHECK(check_synthetic_gradient_kind(chosen.predictor_kind()));
  }
  for (const auto* text : {"", "mlp", "mlp:", "mlp:0", "mlp:65537", "mlp:3x2", "exit", "early_exit", "linear:3"}) {
    INFO(text);
    const auto refused = local_head_choice::parse(text);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.message(),
               contains("expected linear, early-exit or mlp:N") && contains("write for example mlp:64"));
  }
}

} // namespace
} // namespace syngrad

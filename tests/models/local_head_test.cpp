#include "models/local_head.hpp"

#include "models/predictors/local_head_predictor.hpp"
#include "tests/models/train_predictor.hpp"

namespace syngrad {
namespace {

// The loss of a head in double precision: mean cross-entropy of softmax(layer-norm(h) W^T + b), h [rows, features].
class plain_head {
public:
  plain_head(const tensor& weight, const std::vector<float>& bias)
    : weight_(to_vector(weight)), bias_(bias), classes_(bias.size()), features_(weight_.size() / classes_) {}

  double loss_of_row(std::vector<double> h, std::int32_t label) const {
    double mean = 0, variance = 0;
    for (const auto each : h) mean += each / static_cast<double>(features_);
    for (const auto each : h) variance += (each - mean) * (each - mean) / static_cast<double>(features_);
    for (auto& each : h) each = (each - mean) / std::sqrt(variance + 1e-5);
    double total = 0, of_label = 0;
    for (std::size_t k = 0; k < classes_; ++k) {
      double logit = bias_[k];
      for (std::size_t i = 0; i < features_; ++i) logit += weight_[k * features_ + i] * h[i];
      total += std::exp(logit);
      if (static_cast<std::int32_t>(k) == label) of_label = logit;
    }
    return std::log(total) - of_label;
  }

  std::vector<float> gradient(const tensor& h, const tensor& labels) const {
    constexpr double step = 1e-5;
    std::vector<float> out;
    for (std::int64_t row = 0; row < h.rows(); ++row) {
      const auto all = values(h).subspan(static_cast<std::size_t>(row) * features_, features_);
      for (std::size_t i = 0; i < features_; ++i) {
        std::vector<double> up(all.begin(), all.end()), down = up;
        up[i] += step;
        down[i] -= step;
        const auto label = labels.i32()[row];
        out.push_back(static_cast<float>((loss_of_row(up, label) - loss_of_row(down, label)) / (2 * step)));
      }
    }
    return out;
  }

private:
  std::vector<float> weight_, bias_;
  std::size_t classes_, features_;
};

tensor gradient_of(bench& b, const local_head& head, const tensor& h, const tensor& labels) {
  const auto now = head.read(b.s, h, labels);
  return head.input().through_normal(b.s, now, head.gradient_at_normal(b.s, now), h.extents());
}

void train_head(bench& b, local_head& head, const tensor& h, const tensor& labels, float rate) {
  head.prepare_training(b.s, labels.elements(), rate);
  auto guard = b.upload({1}, {0});
  const auto now = head.read(b.s, h, labels);
  head.train(b.s, now, now.error, guard);
}

TEST_CASE("the gradient of a local head is that of its loss") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    bench b(seed);
    const auto features = b.between(3, 20), rows = b.between(2, 9);
    const auto classes = static_cast<std::int32_t>(b.between(2, 7));
    local_head head(b.s, task_of(features, classes));
    for (auto* each : head.parameters())
      for (auto& value : values(each->value)) value = static_cast<float>(0.5 * b.random.normal());
    const auto h = b.normal({rows, features}, 3);
    const auto labels = b.labels(rows, classes);
    const plain_head reference(head.weight(), to_vector(head.parameters()[1]->value));
    CHECK(relative_distance(to_vector(gradient_of(b, head, h, labels)), reference.gradient(h, labels)) < 1e-3);
  }
}

bool same(const local_head::reading& a, const local_head::reading& b) {
  return to_vector(a.normal) == to_vector(b.normal) && to_vector(a.statistics) == to_vector(b.statistics) &&
         to_vector(a.error) == to_vector(b.error) && to_vector(a.pooled) == to_vector(b.pooled);
}

TEST_CASE("a batch that was predicted for is read once, and judged again where the head has learnt since") {
  for (const bool pooled : {false, true}) {
    bench b;
    const auto task = pooled ? predictor_task{.activation = {{4, 4, 3}}, .classes = 5, .labels = 1} : task_of(6, 5);
    local_head head(b.s, task);
    const auto draw = [&] { return pooled ? b.normal({8, 48}) : b.normal({8, 6}); };
    std::vector<std::pair<tensor, tensor>> batches;
    for (int i = 0; i < 6; ++i) batches.emplace_back(draw(), b.labels(8, 5));
    train_head(b, head, batches[0].first, batches[0].second, 0.1f);
    std::vector<local_head::reading> first;
    for (const auto& [h, labels] : batches) first.push_back(head.read_to_predict(b.s, h, labels));
    // The latest four are remembered; once.
    const auto read_again = [&](std::size_t i) { return head.read_to_train(b.s, batches[i].first, batches[i].second); };
    const auto newest = read_again(5);
    CHECK(newest.error.data() == first[5].error.data());
    CHECK(read_again(5).normal.data() != first[5].normal.data());
    CHECK(read_again(1).normal.data() != first[1].normal.data());
    train_head(b, head, batches[0].first, batches[0].second, 0.1f);
    const auto older = read_again(3);
    CHECK(older.normal.data() == first[3].normal.data());
    CHECK(to_vector(older.error) != to_vector(first[3].error));
    CHECK(same(older, head.read(b.s, batches[3].first, batches[3].second)));
    // Others' labels are none of its own.
    CHECK(same(head.read_to_train(b.s, batches[4].first, batches[0].second),
               head.read(b.s, batches[4].first, batches[0].second)));
    // Whoever loads weights makes it forget.
    values(head.parameters()[1]->value)[0] += 1;
    CHECK(same(read_again(2), head.read(b.s, batches[2].first, batches[2].second)));
  }
}

// Without a label for each row the head sees what the map is pooled to: a mean for each part, whose gradient is shared
// out evenly.
TEST_CASE("the head of images and sequences with one label sees means over parts of them") {
  struct expectation {
    shape of_sample;
    std::vector<std::vector<std::int64_t>> parts; // the positions of each
  };
  const expectation cases[] = {
    {{4, 2, 3}, {{0, 2}, {1, 3}, {4, 6}, {5, 7}}},
    {{3, 1, 3}, {{0, 1}, {1, 2}}}, // of an odd number the parts share one
    {{1, 1, 3}, {{0}}},
    {{5, 3}, {{0, 1, 2, 3, 4}}},
  };
  for (const auto& [of_sample, parts] : cases) {
    INFO(of_sample.to_string());
    constexpr std::int64_t samples = 6;
    constexpr std::int32_t classes = 4;
    bench b;
    const predictor_task task{.activation = {of_sample}, .classes = classes, .labels = 1};
    const auto positions = task.activation.rows(), count = static_cast<std::int64_t>(parts.size());
    local_head head(b.s, task), flat(b.s, task_of(3 * count, classes));
    REQUIRE(head.inputs() == 3 * count);
    for (std::size_t i = 0; i < 2; ++i) {
      const auto drawn = b.normal(head.parameters()[i]->extents);
      for (auto* each : {&head, &flat}) b.s.ops().copy(b.s, drawn, each->parameters()[i]->value);
    }
    const auto h = b.normal({samples * positions, 3});
    const auto labels = b.labels(samples, classes);
    auto means = b.upload({samples, 3 * count}, std::vector<float>(static_cast<std::size_t>(samples * 3 * count)));
    for (std::int64_t n = 0; n < samples; ++n)
      for (std::int64_t part = 0; part < count; ++part)
        for (const auto position : parts[static_cast<std::size_t>(part)])
          for (std::int64_t c = 0; c < 3; ++c)
            means.f32()[n * 3 * count + part * 3 + c] +=
              h.f32()[(n * positions + position) * 3 + c] /
              static_cast<float>(parts[static_cast<std::size_t>(part)].size());
    const auto of_means = gradient_of(b, flat, means, labels);
    auto expected = b.upload(h.extents(), std::vector<float>(static_cast<std::size_t>(h.elements())));
    for (std::int64_t n = 0; n < samples; ++n)
      for (std::int64_t part = 0; part < count; ++part)
        for (const auto position : parts[static_cast<std::size_t>(part)])
          for (std::int64_t c = 0; c < 3; ++c)
            expected.f32()[(n * positions + position) * 3 + c] +=
              of_means.f32()[n * 3 * count + part * 3 + c] /
              static_cast<float>(parts[static_cast<std::size_t>(part)].size());
    CHECK(relative_distance(gradient_of(b, head, h, labels), expected) < 1e-4);
  }
}

TEST_CASE("a local head learns to tell classes apart") {
  bench b;
  local_head head(b.s, task_of(6, 3));
  const auto centres = b.normal({3, 6}, 2);
  const auto draw = [&](const tensor& labels) {
    auto h = b.normal({labels.elements(), 6}, 0.3);
    auto placed = make_tensor(b.s, h.extents());
    b.s.ops().fill_rows(b.s, nullptr, &centres, &labels, placed);
    b.s.ops().add(b.s, placed, 1, h);
    return h;
  };
  const auto wrong = [&] {
    const auto labels = b.labels(300, 3);
    const auto now = head.read(b.s, draw(labels), labels);
    return norm(values(now.error)) / std::sqrt(300.0);
  };
  const auto before = wrong();
  for (int i = 0; i < 300; ++i) {
    const auto labels = b.labels(64, 3);
    train_head(b, head, draw(labels), labels, 1e-2f);
  }
  CHECK(before > 0.75);
  CHECK(wrong() < 0.1);
}

TEST_CASE("exit adds to its head's gradient what a ridge makes of what that lacks") {
  for (const std::int32_t classes : {4, 1100}) { // with as many, through the head's weights
    INFO(classes << " classes");
    constexpr std::int64_t features = 48, rows = 400;
    const bool through_weights = classes > exit_predictor::most_classes;
    const auto unknowns = through_weights ? features : classes;
    bench b;
    exit_predictor model(b.s, task_of(features, classes));
    local_head twin(b.s, task_of(features, classes)); // that learns the same
    const auto zeros = [&](const shape& extents) {
      return b.upload(extents, std::vector<float>(static_cast<std::size_t>(extents.elements())));
    };
    const auto times = [&](const tensor& left, transpose how, const tensor& right, tensor& out, float beta) {
      b.s.ops().matmul(
        b.s, {.a = left, .transpose_a = how, .b = right, .transpose_b = transpose::no, .c = out, .beta = beta});
    };
    auto products = zeros({unknowns, unknowns}), right_side = zeros({unknowns, features});
    const auto drawn_map = b.normal({unknowns, features}, 1e-2);
    const auto cause_of = [&](const local_head::reading& now) {
      return through_weights ? twin.gradient_at_normal(b.s, now) : now.error;
    };
    const auto at_normal = [&](const local_head::reading& now, const tensor& map) {
      auto out = make_tensor(b.s, {now.error.rows(), features});
      times(cause_of(now), transpose::no, map, out, 0);
      return out;
    };
    constexpr int trainings = exit_predictor::solved_at_first + exit_predictor::interval; // the last one solves
    for (int i = 0; i < trainings; ++i) {
      const auto h = b.normal({rows, features});
      const auto labels = b.labels(rows, classes);
      const auto now = twin.read(b.s, h, labels);
      const auto target = twin.input().through_normal(b.s, now, at_normal(now, drawn_map), h.extents());
      const auto cause = cause_of(now);
      auto scaled = make_tensor(b.s, target.extents()); // sigma target
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t c = 0; c < features; ++c)
          scaled.f32()[row * features + c] = target.f32()[row * features + c] / now.statistics.f32()[rows + row];
      times(cause, transpose::yes, cause, products, exit_predictor::forget);
      times(cause, transpose::yes, scaled, right_side, exit_predictor::forget);
      train_predictor(b, model, h, labels, target, 1e-3f);
      train_head(b, twin, h, labels, 1e-3f);
    }
    auto head_map = zeros({unknowns, features}); // W, or the unit matrix
    if (through_weights)
      for (std::int64_t i = 0; i < features; ++i) head_map.f32()[i * features + i] = 1;
    else
      b.s.ops().copy(b.s, twin.weight(), head_map);
    auto known = make_tensor(b.s, right_side.extents());
    times(products, transpose::no, head_map, known, 0);
    b.s.ops().add(b.s, known, -1, right_side);
    auto solution = zeros({unknowns, features}), failed = zeros({1});
    b.s.ops().solve_ridge(b.s, products, right_side, exit_predictor::ridge_of_rows, solution, failed);
    REQUIRE(failed.f32()[0] == 0);
    CHECK(norm(values(solution)) > 0.1 * norm(values(drawn_map))); // the ridge leaves something to learn
    b.s.ops().add(b.s, head_map, 1, solution);

    const auto h = b.normal({rows, features});
    const auto labels = b.labels(rows, classes);
    const auto now = twin.read(b.s, h, labels);
    const auto wanted = twin.input().through_normal(b.s, now, at_normal(now, solution), h.extents());
    CHECK(relative_distance(model.predict(b.s, h, labels), wanted) < 1e-4);
  }
}

TEST_CASE("exit predicts its head's own gradient until it has a solution") {
  bench b;
  const auto h = b.normal({32, 6}), target = b.normal({32, 6});
  const auto labels = b.labels(32, 3);
  exit_predictor model(b.s, task_of(6, 3));
  head_predictor head(b.s, task_of(6, 3));
  for (int i = 0; i < 5; ++i) {
    model.train(b.s, h, labels, target, 1e-2f); // and nobody asks for a solve
    head.train(b.s, h, labels, {}, 1e-2f);
  }
  const auto before = to_vector(model.predict(b.s, h, labels));
  CHECK(norm(before) > 0);
  CHECK(before == to_vector(head.predict(b.s, h, labels)));
  CHECK_FALSE(model.begin_solve(b.s)); // is done at once
  CHECK(before != to_vector(model.predict(b.s, h, labels)));
}

TEST_CASE("exit maps what is wrong with a sample to the gradients of all its positions") {
  constexpr std::int64_t samples = 200, positions = 6, features = 3;
  constexpr std::int32_t classes = 4;
  bench b;
  const predictor_task task{.activation = {{2, 3, features}}, .classes = classes, .labels = 1};
  exit_predictor model(b.s, task);
  local_head twin(b.s, task);
  const auto map = b.normal({classes, positions * features}, 1e-2);
  const auto target = [&](const tensor& h, const tensor& labels) {
    const auto now = twin.read(b.s, h, labels);
    auto mapped = make_tensor(b.s, {samples, positions * features});
    b.s.ops().matmul(
      b.s, {.a = now.error, .transpose_a = transpose::no, .b = map, .transpose_b = transpose::no, .c = mapped});
    return mapped.view(0, {samples * positions, features});
  };
  for (int i = 0; i < 60; ++i) {
    const auto h = b.normal({samples * positions, features});
    const auto labels = b.labels(samples, classes);
    train_predictor(b, model, h, labels, target(h, labels), 1e-3f);
    train_head(b, twin, h, labels, 1e-3f);
  }
  const auto h = b.normal({samples * positions, features});
  const auto labels = b.labels(samples, classes);
  const auto predicted = model.predict(b.s, h, labels);
  REQUIRE(predicted.extents() == h.extents());
  CHECK(relative_distance(predicted, target(h, labels)) < 0.05);
}

} // namespace
} // namespace syngrad

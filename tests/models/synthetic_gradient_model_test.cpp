// What holds for every kind of synthetic-gradient model.
#include "models/synthetic_gradient_model.hpp"

#include "tests/models/contains.hpp"
#include "tests/models/tolerances.hpp"
#include "tests/models/train_predictor.hpp"

#include <limits>

namespace syngrad {
namespace {

constexpr const char* all_kinds[] = {"ridge",    "ridge:0.9@2", "linear", "lowrank:5",  "mlp:24",
                                     "mlp:24x2", "exit",        "head",   "head:mlp:7", "head:early-exit"};

bool does(const char* kind, bool labels) {
  return labels || !needs_of_synthetic_gradient_kind(kind).labels;
}

std::unique_ptr<synthetic_gradient_model> make(bench& b, const std::string& kind, bool labels, std::int64_t features,
                                               std::int32_t classes, const optimizer_settings& by = {}) {
  return std::move(make_synthetic_gradient_model(b.s, {.kind = kind, .labels = labels, .optimizer = by},
                                                 task_of(features, classes), b.random)
                     .value());
}

// target = h A + T[label] for fixed random A and T.
struct linear_task {
  linear_task(bench& b, std::int64_t features, std::int32_t classes)
    : map(b.normal({features, features}, 1e-3)), table(b.normal({classes, features}, 1e-3)) {}
  tensor target(bench& b, const tensor& h, const tensor& labels) const {
    auto out = make_tensor(b.s, h.extents());
    b.s.ops().fill_rows(b.s, nullptr, &table, &labels, out);
    b.s.ops().matmul(b.s, {h, transpose::no, map, transpose::no, out, 1, 1});
    return out;
  }
  tensor map, table;
};

TEST_CASE("what a predictor takes is known before it is made") {
  for (const auto* kind : all_kinds)
    for (const bool labels : {true, false}) {
      if (!does(kind, labels)) continue;
      INFO(kind);
      bench b;
      const auto model = make(b, kind, labels, 13, 4);
      const auto size = size_of_synthetic_gradient_model({.kind = kind, .labels = labels}, task_of(13, 4)).value();
      CHECK(size.parameter_count == model->parameter_count());
      CHECK(size.predict_multiply_adds == model->predict_multiply_adds());
      CHECK(size.train_multiply_adds == model->train_multiply_adds());
    }
  CHECK_FALSE(size_of_synthetic_gradient_model({.kind = "rige"}, task_of(13, 4)));
}

TEST_CASE("zero predicts nothing, whatever it is shown") {
  bench b;
  const auto model = make(b, "zero", true, 5, 3);
  const auto h = b.normal({4, 5}), target = b.normal({4, 5});
  const auto labels = b.labels(4, 3);
  for (int i = 0; i < 3; ++i) model->train(b.s, h, labels, target, 1e-3f);
  const auto none = model->predict(b.s, h, labels);
  REQUIRE(none.extents() == h.extents());
  for (const auto each : values(none)) REQUIRE(each == 0);
  CHECK(model->parameters().empty());
  CHECK_FALSE(needs_of_synthetic_gradient_kind("zero").targets);
}

TEST_CASE("every predictor predicts exactly zero before it is trained") {
  for (const auto* kind : all_kinds)
    for (const bool labels : {true, false}) {
      if (!does(kind, labels)) continue;
      INFO(kind);
      bench b;
      const auto model = make(b, kind, labels, 13, 4);
      const auto prediction = model->predict(b.s, b.normal({9, 13}), b.labels(9, 4));
      REQUIRE(prediction.extents() == shape{9, 13});
      CHECK(norm(values(prediction)) == 0);
    }
}

TEST_CASE("every predictor learns a map of activations and labels to small gradients") {
  // The part of the target that may be left: lowrank:5 has 5 of 8 directions, the deeper ones need longer.
  const std::pair<const char*, double> cases[] = {{"ridge", 0.02},    {"ridge:0.9@2", 0.02}, {"linear", 0.05},
                                                  {"lowrank:5", 0.6}, {"mlp:24", 0.35},      {"mlp:24x2", 0.45}};
  for (const auto& [kind, left] : cases) {
    INFO(kind);
    bench b;
    const linear_task task(b, 8, 4);
    const auto model = make(b, kind, true, 8, 4);
    const auto h = b.normal({256, 8});
    const auto labels = b.labels(256, 4);
    for (int step = 0; step < 400; ++step) {
      const auto now = b.normal({64, 8});
      const auto now_labels = b.labels(64, 4);
      train_predictor(b, *model, now, now_labels, task.target(b, now, now_labels), step < 300 ? 2e-4f : 2e-5f);
    }
    CHECK(relative_distance(model->predict(b.s, h, labels), task.target(b, h, labels)) < left);
  }
}

TEST_CASE("without labels a predictor sees only activations, and no labels need be given") {
  for (const auto* kind : all_kinds) {
    INFO(kind);
    bench b;
    if (!does(kind, false)) {
      const auto refused = make_synthetic_gradient_model(b.s, {.kind = kind, .labels = false}, task_of(8, 4), b.random);
      REQUIRE_FALSE(refused);
      CHECK_THAT(refused.message(), contains("learns from labels"));
      continue;
    }
    const auto model = make(b, kind, false, 8, 4);
    const auto h = b.normal({64, 8}), target = b.normal({64, 8});
    for (int i = 0; i < 10; ++i) train_predictor(b, *model, h, tensor(), target, 1e-2f);
    const auto prediction = to_vector(model->predict(b.s, h, tensor()));
    CHECK(norm(prediction) > 0);
    CHECK(to_vector(model->predict(b.s, h, b.labels(64, 4))) == prediction);
  }
}

TEST_CASE("predicting changes nothing, and equal seeds give equal predictors") {
  for (const auto* kind : all_kinds) {
    INFO(kind);
    bench one(3), other(3);
    const auto left = make(one, kind, true, 8, 4), right = make(other, kind, true, 8, 4);
    for (int i = 0; i < 12; ++i) {
      for (auto* b : {&one, &other}) {
        const auto h = b->normal({32, 8}), target = b->normal({32, 8});
        const auto labels = b->labels(32, 4);
        auto& model = b == &one ? *left : *right;
        if (b == &one)
          for (int k = 0; k < 3; ++k) model.predict(b->s, h, labels);
        train_predictor(*b, model, h, labels, target, 1e-2f);
      }
    }
    const auto h = one.normal({32, 8});
    const auto labels = one.labels(32, 4);
    CHECK(to_vector(left->predict(one.s, h, labels)) == to_vector(right->predict(one.s, h, labels)));
  }
}

// A predictor that has learnt from a linear task for a while, and what it then predicts.
struct practised {
  bench b;
  linear_task task{b, 8, 4};
  std::unique_ptr<synthetic_gradient_model> model;
  tensor h, labels, target;
  std::vector<float> before;

  explicit practised(const char* kind)
    : model(make(b, kind, true, 8, 4)), h(b.normal({64, 8})), labels(b.labels(64, 4)),
      target(task.target(b, h, labels)) {
    train(h, target, 20, 1e-3f);
    before = prediction();
  }

  void train(const tensor& at, const tensor& towards, int times, float rate) {
    for (int i = 0; i < times; ++i) train_predictor(b, *model, at, labels, towards, rate);
  }
  std::vector<float> prediction() { return to_vector(model->predict(b.s, h, labels)); }
  tensor poisoned(const tensor& of, float bad) {
    auto out = b.upload(of.extents(), to_vector(of));
    values(out)[17] = bad;
    return out;
  }
};

TEST_CASE("a target that is not finite does no lasting harm to any predictor") {
  for (const auto* kind : all_kinds)
    for (const auto bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      INFO(kind);
      practised one(kind);
      one.train(one.h, one.poisoned(one.target, bad), 1, 1e-3f);
      if (needs_of_synthetic_gradient_kind(kind).targets) // else it is trained as if there were none
        CHECK(one.prediction() == one.before);
      one.train(one.h, one.target, 20, 1e-4f);
      for (const auto value : one.prediction()) REQUIRE(std::isfinite(value));
    }
}

TEST_CASE("an activation that is not finite leaves predictors with a local head as they were") {
  for (const auto* kind : {"head", "head:mlp:7", "head:early-exit", "exit"})
    for (const auto bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      INFO(kind);
      practised one(kind);
      one.train(one.poisoned(one.h, bad), one.target, 1, 1e-3f);
      CHECK(one.prediction() == one.before);
    }
}

TEST_CASE("predictors count their parameters and their work") {
  bench b;
  const auto count = [&](const char* kind, bool labels) { return make(b, kind, labels, 16, 4)->parameter_count(); };
  CHECK(count("ridge", true) == (16 + 4 + 1) * 16);
  CHECK(count("ridge", false) == (16 + 1) * 16);
  CHECK(count("linear", true) == 16 * 16 + 4 * 16 + 16);
  CHECK(count("linear", false) == 16 * 16 + 16);
  CHECK(count("lowrank:3", true) == 3 * 16 + 4 * 3 + 3 + 3 * 16 + 16);
  CHECK(count("mlp:20x2", true) == 20 * 16 + 4 * 20 + 2 * 20 + 20 * 20 + 2 * 20 + 20 * 16 + 16);
  CHECK(make(b, "linear", true, 16, 4)->predict_multiply_adds() == 16 * 16);
  CHECK(make(b, "linear", true, 16, 4)->train_multiply_adds() == 2 * 16 * 16);
  CHECK(make(b, "lowrank:3", true, 16, 4)->predict_multiply_adds() == 2 * 3 * 16);
  CHECK(make(b, "lowrank:3", true, 16, 4)->train_multiply_adds() == 5 * 3 * 16);
  CHECK(make(b, "ridge", true, 16, 4)->predict_multiply_adds() == 16 * 16);
  CHECK(make(b, "ridge", true, 16, 4)->train_multiply_adds() == 1.5 * 16 * 16);
}

TEST_CASE("what a predictor's optimizer multiplies is counted with what it takes to train it") {
  bench b;
  const auto of_training = [&](const char* optimizer) {
    const auto model = make(b, "mlp:24", true, 16, 4, {.name = optimizer, .muon_every = 1});
    model->train(b.s, b.normal({8, 16}), b.labels(8, 4), b.normal({8, 16}), 1e-3f);
    return model->multiply_adds_done();
  };
  // The matrix of the first stage [24, 16]; the last one is Adam's.
  CHECK(of_training("muon") - of_training("adam") == 5 * 16.0 * 16 * (2 * 24 + 16));
}

TEST_CASE("once warm, no predictor allocates device memory") {
  for (const auto* kind : all_kinds) {
    INFO(kind);
    bench b;
    const auto model = make(b, kind, true, 8, 4);
    const auto h = b.normal({32, 8}), target = b.normal({32, 8});
    const auto labels = b.labels(32, 4);
    const auto step = [&] {
      model->predict(b.s, h, labels);
      train_predictor(b, *model, h, labels, target, 1e-3f);
    };
    for (int i = 0; i < 10; ++i) step();
    const auto warm = b.where.memory().counters();
    for (int i = 0; i < 50; ++i) step();
    CHECK(b.where.memory().counters().allocations == warm.allocations);
    CHECK(b.where.memory().counters().in_use == warm.in_use);
  }
}

TEST_CASE("malformed kinds are refused with what is wrong and all that is known") {
  const std::pair<const char*, const char*> cases[] = {
    {"", "unknown kind"},
    {"rigde", "unknown kind"},
    {"ridge:", "nothing follows the ':'"},
    {"ridge:0", "FORGET must be above 0 and at most 1"},
    {"ridge:1.01", "FORGET must be above 0 and at most 1"},
    {"ridge:nan", "FORGET must be above 0 and at most 1"},
    {"ridge:0.98@", "INTERVAL"},
    {"ridge:0.98@0", "INTERVAL"},
    {"ridge:@5", "FORGET"},
    {"linear:3", "takes nothing"},
    {"exit:3", "takes nothing"},
    {"head:mlp", "mlp:N with N hidden units"},
    {"head:mlp:0", "mlp:N with N hidden units"},
    {"head:early-exit:3", "expected linear, early-exit or mlp:N"},
    {"lowrank", "rank"},
    {"lowrank:0", "rank"},
    {"lowrank:3x", "rank"},
    {"mlp", "width"},
    {"mlp:0", "width"},
    {"mlp:10x", "number of hidden layers"},
    {"mlp:10x101", "from 1 to 100"},
  };
  for (const auto& [kind, why] : cases) {
    INFO(kind);
    const auto checked = check_synthetic_gradient_kind(kind);
    REQUIRE_FALSE(checked);
    CHECK_THAT(checked.message(), contains(why) && contains("ridge[:FORGET[@INTERVAL]]") && contains("linear") &&
                                    contains("lowrank:R") && contains("mlp:N[xM]"));
    bench b;
    CHECK_FALSE(make_synthetic_gradient_model(b.s, {.kind = kind}, task_of(8, 4), b.random));
  }
  for (const auto* kind : {"ridge", "ridge:1", "ridge:0.98", "ridge:0.98@5", "linear", "lowrank:32", "mlp:1024x2",
                           "exit", "head", "head:linear", "head:mlp:64", "head:early-exit", "zero"})
    CHECK(check_synthetic_gradient_kind(kind));
  bench b;
  CHECK_FALSE(
    make_synthetic_gradient_model(b.s, {.kind = "linear", .optimizer = {.name = "no"}}, task_of(8, 4), b.random));
}

TEST_CASE("the label of a sample is that of each of its rows, where a predictor maps rows") {
  for (const auto* kind : {"ridge", "linear", "mlp:24"}) {
    INFO(kind);
    constexpr std::int64_t samples = 12, positions = 5, features = 8;
    bench b(5), other(5);
    const predictor_task by_sample{.activation = {{positions, features}}, .classes = 4, .labels = 1},
      by_row{.activation = {{positions, features}}, .classes = 4, .labels = positions};
    const auto left = std::move(make_synthetic_gradient_model(b.s, {.kind = kind}, by_sample, b.random).value());
    const auto right = std::move(make_synthetic_gradient_model(other.s, {.kind = kind}, by_row, other.random).value());
    const auto labels = b.labels(samples, 4);
    auto of_rows = make_tensor(b.s, {samples, positions}, dtype::i32);
    for (std::int64_t i = 0; i < samples * positions; ++i) of_rows.i32()[i] = labels.i32()[i / positions];
    for (int i = 0; i < 6; ++i) {
      const auto h = b.normal({samples * positions, features}), target = b.normal({samples * positions, features});
      train_predictor(b, *left, h, labels, target, 1e-2f);
      train_predictor(b, *right, h, of_rows, target, 1e-2f);
      CHECK(to_vector(left->predict(b.s, h, labels)) == to_vector(right->predict(b.s, h, of_rows)));
    }
  }
}

TEST_CASE("a predictor can be trained on some rows of each batch, others each time") {
  for (const auto* kind : {"ridge", "exit"}) {
    INFO(kind);
    bench b;
    const auto make_one = [&](std::int64_t rows) {
      random_source random(3, 3);
      return std::move(make_synthetic_gradient_model(b.s, {.kind = kind, .rows = rows}, task_of(8, 4), random).value());
    };
    const auto all = make_one(0), more = make_one(64), some = make_one(20), again = make_one(20);
    const linear_task task(b, 8, 4);
    const auto labels = b.labels(64, 4), h = b.normal({64, 8}), target = task.target(b, h, labels);
    const auto predicted = [&](synthetic_gradient_model& model) { return to_vector(model.predict(b.s, h, labels)); };
    for (int i = 0; i < 3; ++i)
      for (auto* each : {all.get(), more.get(), some.get(), again.get()})
        train_predictor(b, *each, h, labels, target, 1e-2f);
    CHECK(predicted(*more) == predicted(*all)); // a batch has no more rows
    CHECK(predicted(*some) != predicted(*all));
    CHECK(predicted(*again) == predicted(*some));
    if (std::string(kind) == "ridge") // for exit this task is mostly noise
      CHECK(relative_distance(predicted(*some), predicted(*all)) < 0.5);
    const auto warm = b.where.memory().counters();
    for (int i = 0; i < 20; ++i) train_predictor(b, *some, h, labels, target, 1e-2f);
    CHECK(b.where.memory().counters().allocations == warm.allocations);
  }
}

// Samples of 6 positions, or of one row.
struct sample_task {
  static constexpr std::int32_t classes = 4;
  std::int64_t positions, features = 8;

  explicit sample_task(std::int64_t of) : positions(of) {}
  std::unique_ptr<synthetic_gradient_model> make(bench& b, const char* kind, std::int64_t rows = 0) const {
    const shape extents = positions == 1 ? shape{features} : shape{2, positions / 2, features};
    random_source random(3, 3);
    return std::move(make_synthetic_gradient_model(b.s, {.kind = kind, .rows = rows},
                                                   {.activation = {extents}, .classes = classes, .labels = 1}, random)
                       .value());
  }
  tensor rows_of(bench& b, std::int64_t samples) const { return b.normal({samples * positions, features}); }
  tensor part(bench& b, const tensor& of, const tensor& numbers) const {
    auto out = make_tensor(b.s, {numbers.elements(), positions * features});
    b.s.ops().gather_rows(b.s, of.view(0, {of.rows() / positions, positions * features}), numbers, 1, out);
    return out.view(0, {numbers.elements() * positions, features});
  }
  tensor labels_of(bench& b, const tensor& of, const tensor& numbers) const {
    auto out = make_tensor(b.s, {numbers.elements()}, dtype::i32);
    b.s.ops().gather_labels(b.s, of, numbers, out);
    return out;
  }
};

void solve_if_due(bench& b, synthetic_gradient_model& model) {
  if (auto solve = model.begin_solve(b.s)) {
    solve->run(b.s);
    model.finish_solve(b.s, *solve);
  }
}

TEST_CASE("a training on some samples of a batch is one on a batch of those alone") {
  for (const std::int64_t positions : {1, 6})
    for (const auto* kind : {"ridge:0.9@1", "linear", "lowrank:5", "mlp:24", "mlp:24x2", "exit", "head", "head:mlp:7",
                             "head:early-exit"}) {
      INFO(kind << ", " << positions << " positions");
      bench b;
      const sample_task task(positions);
      const auto on_part = task.make(b, kind), on_batch = task.make(b, kind);
      const auto numbers = b.upload_numbers({9, 0, 4, 5, 11, 2, 7, 10});
      const auto h = task.rows_of(b, 12), target = task.rows_of(b, 12);
      const auto labels = b.labels(12, task.classes);
      const training_samples only{numbers};
      const auto h_of_part = task.part(b, h, numbers), target_of_part = task.part(b, target, numbers);
      const auto labels_of_part = task.labels_of(b, labels, numbers);
      // Once: what is forgotten later depends on what part of a batch it is.
      on_part->train(b.s, h, labels, target_of_part, 1e-2f, &only);
      on_batch->train(b.s, h_of_part, labels_of_part, target_of_part, 1e-2f);
      for (auto* each : {on_part.get(), on_batch.get()}) solve_if_due(b, *each);
      const auto predicted = to_vector(on_part->predict(b.s, h, labels));
      CHECK(norm(predicted) > 0);
      CHECK(predicted == to_vector(on_batch->predict(b.s, h, labels)));
    }
}

TEST_CASE("a sample of weight two counts as one that is there twice, one of weight zero as none") {
  for (const std::int64_t positions : {1, 6})
    for (const auto* kind : {"ridge", "linear", "lowrank:5", "exit", "head", "head:mlp:7",
                             "head:early-exit"}) { // mlp has statistics of its batch
      INFO(kind << ", " << positions << " positions");
      bench b;
      const sample_task task(positions);
      const auto weighted = task.make(b, kind), repeated = task.make(b, kind);
      const auto numbers = b.upload_numbers({5, 1, 2, 3, 9}), twice = b.upload_numbers({5, 5, 2, 3, 3});
      const auto weights = b.upload({5}, {2, 0, 1, 2, 0});
      const auto h = task.rows_of(b, 12), target = task.rows_of(b, 12);
      const auto labels = b.labels(12, task.classes);
      const auto target_of_part = task.part(b, target, numbers), target_of_twice = task.part(b, target, twice);
      const training_samples with_weights{numbers, &weights}, with_repeats{twice};
      for (int i = 0; i < 8; ++i) {
        weighted->train(b.s, h, labels, target_of_part, 1e-2f, &with_weights);
        repeated->train(b.s, h, labels, target_of_twice, 1e-2f, &with_repeats);
        for (auto* each : {weighted.get(), repeated.get()}) solve_if_due(b, *each);
      }
      const bool solved = std::string(kind) == "head:early-exit"; // of fewer samples than unknowns
      CHECK(relative_distance(weighted->predict(b.s, h, labels), repeated->predict(b.s, h, labels)) <
            (solved ? tolerance::solve : 1e-3));
    }
}

TEST_CASE("of the samples that it is given a predictor may choose some, and allocates nothing once warm") {
  for (const auto* kind : all_kinds) {
    INFO(kind);
    bench b;
    const sample_task task(1);
    const auto some = task.make(b, kind, 6), all = task.make(b, kind);
    const auto numbers = b.upload_numbers({9, 0, 4, 5, 11, 2, 7, 10, 1, 3});
    const auto weights = b.upload({10}, {1, 2, 0.5, 1, 1, 0.5, 1, 1, 1, 1});
    const auto h = task.rows_of(b, 12), target = task.part(b, task.rows_of(b, 12), numbers);
    const auto labels = b.labels(12, task.classes);
    const training_samples only{numbers, &weights};
    const auto step = [&](synthetic_gradient_model& model) {
      model.train(b.s, h, labels, target, 1e-2f, &only);
      solve_if_due(b, model);
    };
    for (int i = 0; i < 10; ++i) step(*some), step(*all);
    const auto warm = b.where.memory().counters();
    for (int i = 0; i < 20; ++i) step(*some), step(*all);
    CHECK(b.where.memory().counters().allocations == warm.allocations);
    CHECK(to_vector(some->predict(b.s, h, labels)) != to_vector(all->predict(b.s, h, labels)));
  }
}

TEST_CASE("a task that has neither one label a sample nor one a row is refused") {
  bench b;
  const predictor_task between{.activation = {{6, 8}}, .classes = 4, .labels = 3};
  const auto refused = make_synthetic_gradient_model(b.s, {.kind = "ridge"}, between, b.random);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.message(), contains("3 labels and 6 rows"));
  CHECK(make_synthetic_gradient_model(b.s, {.kind = "ridge", .labels = false}, between, b.random));
}

} // namespace
} // namespace syngrad

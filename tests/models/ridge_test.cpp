#include "models/predictors/ridge.hpp"

#include "tests/models/tolerances.hpp"
#include "tests/models/train_predictor.hpp"

#include <limits>

namespace syngrad {
namespace {

struct batch {
  tensor h, labels, target;
};

batch random_batch(bench& b, std::int64_t rows, std::int64_t features, std::int32_t classes) {
  return {b.normal({rows, features}), b.labels(rows, classes), b.normal({rows, features})};
}

// Recursive least squares as the formulas say it, densely and in double precision.
class plain_ridge {
public:
  plain_ridge(std::int64_t features, std::int32_t classes, bool conditioned, double forget)
    : features_(features), classes_(conditioned ? classes : 0), unknowns_(features + classes_ + 1), forget_(forget),
      s_(unknowns_ * unknowns_), c_(unknowns_ * features) {}

  std::vector<double> phi(const batch& from, std::int64_t row) const {
    std::vector<double> out(unknowns_);
    for (std::size_t i = 0; i < features_; ++i) out[i] = from.h.f32()[static_cast<std::size_t>(row) * features_ + i];
    if (classes_ > 0) out[features_ + static_cast<std::size_t>(from.labels.i32()[row])] = 1;
    out.back() = 1;
    return out;
  }

  void train(const batch& with) {
    forget(1);
    for (std::int64_t row = 0; row < with.h.rows(); ++row) add(with, row, 1);
  }
  // On some rows of a batch of so many.
  void train(const batch& with, const std::vector<std::int32_t>& rows, const std::vector<float>& weights) {
    forget(static_cast<double>(rows.size()) / static_cast<double>(with.h.rows()));
    for (std::size_t i = 0; i < rows.size(); ++i) add(with, rows[i], double{weights[i]});
  }

  std::vector<float> predict(const batch& of) const {
    const auto p = solve();
    std::vector<float> out;
    for (std::int64_t row = 0; row < of.h.rows(); ++row) {
      const auto x = phi(of, row);
      for (std::size_t j = 0; j < features_; ++j) {
        double sum = 0;
        for (std::size_t i = 0; i < unknowns_; ++i) sum += x[i] * p[i * features_ + j];
        out.push_back(static_cast<float>(sum));
      }
    }
    return out;
  }

private:
  void forget(double share) {
    for (auto* sums : {&s_, &c_})
      for (auto& each : *sums) each *= std::pow(forget_, share);
  }
  void add(const batch& from, std::int64_t row, double weight) {
    const auto x = phi(from, row);
    for (std::size_t i = 0; i < unknowns_; ++i) {
      for (std::size_t j = 0; j < unknowns_; ++j) s_[i * unknowns_ + j] += weight * x[i] * x[j];
      for (std::size_t j = 0; j < features_; ++j)
        c_[i * features_ + j] += weight * x[i] * from.target.f32()[static_cast<std::size_t>(row) * features_ + j];
    }
  }

  // Gauss-Jordan elimination; the matrix is positive definite, so no pivoting.
  std::vector<double> solve() const {
    auto a = s_;
    auto p = c_;
    double trace = 0;
    for (std::size_t i = 0; i < unknowns_; ++i) trace += a[i * unknowns_ + i];
    for (std::size_t i = 0; i < unknowns_; ++i)
      a[i * unknowns_ + i] += double{ridge_solve::ridge} * trace / static_cast<double>(unknowns_);
    for (std::size_t pivot = 0; pivot < unknowns_; ++pivot)
      for (std::size_t row = 0; row < unknowns_; ++row) {
        if (row == pivot) continue;
        const auto factor = a[row * unknowns_ + pivot] / a[pivot * unknowns_ + pivot];
        for (std::size_t j = 0; j < unknowns_; ++j) a[row * unknowns_ + j] -= factor * a[pivot * unknowns_ + j];
        for (std::size_t j = 0; j < features_; ++j) p[row * features_ + j] -= factor * p[pivot * features_ + j];
      }
    for (std::size_t i = 0; i < unknowns_; ++i)
      for (std::size_t j = 0; j < features_; ++j) p[i * features_ + j] /= a[i * unknowns_ + i];
    return p;
  }

  std::size_t features_, classes_, unknowns_;
  double forget_;
  std::vector<double> s_, c_;
};

void solve_now(bench& b, ridge_predictor& model) {
  const auto solve = model.begin_solve(b.s);
  REQUIRE(solve);
  solve->run(b.s);
  model.finish_solve(b.s, *solve);
}

TEST_CASE("ridge agrees with least squares in double precision") {
  for (const bool conditioned : {true, false})
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      bench b(seed);
      const auto features = b.between(1, 24);
      const auto classes = static_cast<std::int32_t>(b.between(2, 6));
      const auto forget = static_cast<float>(b.random.uniform(0.5, 1));
      INFO(features << " features, " << (conditioned ? classes : 0) << " classes, forget " << forget);
      ridge_predictor model(b.s, task_of(features, conditioned ? classes : 0), {.forget = forget, .interval = 3});
      plain_ridge reference(features, classes, conditioned, forget);
      for (int i = 0; i < 3; ++i) {
        const auto now = random_batch(b, b.between(30, 60), features, classes);
        model.train(b.s, now.h, now.labels, now.target, 0);
        reference.train(now);
      }
      solve_now(b, model);
      const auto test = random_batch(b, 20, features, classes);
      CHECK(relative_distance(values(model.predict(b.s, test.h, test.labels)), reference.predict(test)) <
            tolerance::solve);
    }
}

TEST_CASE("on weighted samples of batches ridge forgets by their number, as least squares in double precision does") {
  for (const bool conditioned : {true, false}) {
    bench b;
    constexpr std::int64_t features = 9, rows = 60;
    constexpr std::int32_t classes = 4;
    ridge_predictor model(b.s, task_of(features, conditioned ? classes : 0), {.forget = 0.6f, .interval = 4});
    plain_ridge reference(features, classes, conditioned, double{0.6f});
    for (const std::int64_t count : {60, 40, 30, 50}) {
      const auto now = random_batch(b, rows, features, classes);
      std::vector<std::int32_t> chosen;
      std::vector<float> weights;
      for (std::int64_t i = 0; i < count; ++i) {
        chosen.push_back(static_cast<std::int32_t>((7 * i) % rows)); // another order than that of the batch
        weights.push_back(static_cast<float>(b.random.uniform(0.2, 3)));
      }
      const auto numbers = b.upload_numbers(chosen);
      const auto on_weights = b.upload({count}, weights);
      const training_samples only{numbers, &on_weights};
      auto target = make_tensor(b.s, {count, features});
      b.s.ops().gather_rows(b.s, now.target, numbers, 1, target);
      model.train(b.s, now.h, now.labels, target, 0, &only);
      reference.train(now, chosen, weights);
    }
    solve_now(b, model);
    const auto test = random_batch(b, 20, features, classes);
    CHECK(relative_distance(values(model.predict(b.s, test.h, test.labels)), reference.predict(test)) <
          tolerance::solve);
  }
}

// A task whose targets are an exact linear map of [h, one-hot label, 1].
struct exact_map {
  exact_map(bench& b, std::int64_t features, std::int32_t classes, double scale)
    : weights(b.normal({features, features}, scale)), table(b.normal({classes, features}, scale)),
      bias(b.normal({features}, scale)) {}

  batch draw(bench& b, std::int64_t rows) const {
    auto now = random_batch(b, rows, weights.rows(), static_cast<std::int32_t>(table.rows()));
    b.s.ops().fill_rows(b.s, &bias, &table, &now.labels, now.target);
    b.s.ops().matmul(b.s, {now.h, transpose::no, weights, transpose::no, now.target, 1, 1});
    return now;
  }
  tensor weights, table, bias;
};

double error_after(bench& b, ridge_predictor& model, const exact_map& task, int trainings) {
  for (int i = 0; i < trainings; ++i) {
    const auto now = task.draw(b, 64);
    model.train(b.s, now.h, now.labels, now.target, 0);
    if (const auto solve = model.begin_solve(b.s)) {
      solve->run(b.s);
      model.finish_solve(b.s, *solve);
    }
  }
  const auto test = task.draw(b, 200);
  return relative_distance(model.predict(b.s, test.h, test.labels), test.target);
}

TEST_CASE("ridge recovers an exact linear map, whatever its scale") {
  for (const double scale : {1.0, 1e-6, 1e-12}) {
    bench b;
    ridge_predictor model(b.s, task_of(12, 5), {});
    const exact_map task(b, 12, 5, scale);
    CHECK(error_after(b, model, task, 20) < 0.02); // what the ridge of a thousandth shrinks
  }
}

TEST_CASE("forgetting follows a map that has changed, its absence averages over both") {
  bench b;
  const exact_map earlier(b, 12, 5, 1), later(b, 12, 5, 1);
  ridge_predictor forgets(b.s, task_of(12, 5), {.forget = 0.7f}), remembers(b.s, task_of(12, 5), {.forget = 1});
  for (auto* model : {&forgets, &remembers}) error_after(b, *model, earlier, 20);
  CHECK(error_after(b, forgets, later, 20) < 0.03);
  CHECK(error_after(b, remembers, later, 20) > 0.3);
}

TEST_CASE("the prediction stays zero until the first solve is swapped in") {
  bench b;
  ridge_predictor model(b.s, task_of(6, 3), {.forget = 0.98f, .interval = 2});
  const auto now = random_batch(b, 32, 6, 3);
  model.train(b.s, now.h, now.labels, now.target, 0);
  CHECK_FALSE(model.begin_solve(b.s));
  model.train(b.s, now.h, now.labels, now.target, 0);
  const auto solve = model.begin_solve(b.s);
  REQUIRE(solve);
  CHECK(norm(values(model.predict(b.s, now.h, now.labels))) == 0);
  solve->run(b.s);
  CHECK(norm(values(model.predict(b.s, now.h, now.labels))) == 0);
  model.finish_solve(b.s, *solve);
  CHECK(norm(values(model.predict(b.s, now.h, now.labels))) > 0);
}

TEST_CASE("a solve in the background gives what a solve at once gives, however much is trained meanwhile") {
  bench b;
  auto& solver = b.where.make_stream();
  ridge_predictor at_once(b.s, task_of(10, 4), {.forget = 0.9f, .interval = 3}),
    background(b.s, task_of(10, 4), {0.9f, 3});
  const auto test = random_batch(b, 16, 10, 4);
  const auto predict = [&](ridge_predictor& model) { return to_vector(model.predict(b.s, test.h, test.labels)); };
  for (int round = 0; round < 4; ++round) {
    const auto old = predict(background);
    for (int i = 0; i < 3; ++i) {
      const auto now = random_batch(b, 32, 10, 4);
      at_once.train(b.s, now.h, now.labels, now.target, 0);
      background.train(b.s, now.h, now.labels, now.target, 0);
    }
    solve_now(b, at_once);
    const auto solve = background.begin_solve(b.s);
    REQUIRE(solve);
    const auto expected = predict(at_once);
    const auto meanwhile = random_batch(b, 32, 10, 4);
    for (int i = 0; i < 3; ++i) {
      for (auto* model : {&at_once, &background}) model->train(b.s, meanwhile.h, meanwhile.labels, meanwhile.target, 0);
      CHECK_FALSE(background.begin_solve(b.s)); // one at a time
      CHECK(predict(background) == old);
    }
    solve->run(solver);
    background.finish_solve(b.s, *solve);
    CHECK(predict(background) == expected);
    solve_now(b, at_once); // due again by now, for both
    const auto next = background.begin_solve(b.s);
    REQUIRE(next);
    CHECK(next == solve); // recycled
    next->run(solver);
    background.finish_solve(b.s, *next);
    CHECK(predict(background) == predict(at_once));
  }
}

TEST_CASE("a batch that is not finite is as if it had not been") {
  const auto nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  for (const bool in_activation : {true, false})
    for (const float bad_value : {nan, infinity, -infinity, 1e30f}) { // the last one's square is infinite
      bench b;
      const exact_map task(b, 12, 5, 1);
      ridge_predictor met(b.s, task_of(12, 5), {.forget = 0.9f, .interval = 3}), spared(b.s, task_of(12, 5), {0.9f, 3});
      const auto train = [&](ridge_predictor& model, const batch& now) {
        model.train(b.s, now.h, now.labels, now.target, 0);
      };
      std::vector<batch> good;
      for (int i = 0; i < 4; ++i) good.push_back(task.draw(b, 64));
      const auto bad = task.draw(b, 64);
      values(in_activation ? bad.h : bad.target)[5] = bad_value;

      for (const int i : {0, 1}) train(met, good[static_cast<std::size_t>(i)]);
      train(met, bad);
      for (const int i : {2, 3}) train(met, good[static_cast<std::size_t>(i)]);
      for (const auto& each : good) train(spared, each);
      CHECK(to_vector(met.parameters()[1]->value) == to_vector(spared.parameters()[1]->value)); // S and C
      solve_now(b, met);
      solve_now(b, spared);
      const auto test = task.draw(b, 32);
      CHECK(to_vector(met.predict(b.s, test.h, test.labels)) == to_vector(spared.predict(b.s, test.h, test.labels)));
    }
}

TEST_CASE("where sums of large batches are infinite the old solution stays in force, and learning starts anew") {
  bench b;
  const exact_map task(b, 12, 5, 1), changed(b, 12, 5, 1);
  ridge_predictor model(b.s, task_of(12, 5), {.forget = 1, .interval = 5});
  error_after(b, model, task, 10);
  const auto test = task.draw(b, 32);
  const auto before = to_vector(model.predict(b.s, test.h, test.labels));
  auto large = task.draw(b, 64);
  values(large.h)[5] = 1.5e19f; // finite when squared, not when that is added up
  for (int i = 0; i < 5; ++i) model.train(b.s, large.h, large.labels, large.target, 0);
  solve_now(b, model);
  CHECK(to_vector(model.predict(b.s, test.h, test.labels)) == before);
  CHECK(error_after(b, model, changed, 5) < 0.02); // nothing of the past is left, although nothing is forgotten
}

TEST_CASE("a ridge predictor resumes from its saved parameters") {
  bench b;
  ridge_predictor original(b.s, task_of(9, 4), {.forget = 0.9f, .interval = 2}), resumed(b.s, task_of(9, 4), {0.9f, 2});
  const auto train_both = [&](bool both) {
    for (int i = 0; i < 2; ++i) {
      const auto now = random_batch(b, 32, 9, 4);
      original.train(b.s, now.h, now.labels, now.target, 0);
      if (both) resumed.train(b.s, now.h, now.labels, now.target, 0);
    }
    solve_now(b, original);
    if (both) solve_now(b, resumed);
  };
  train_both(false);
  for (std::size_t i = 0; i < 2; ++i)
    b.s.ops().copy(b.s, original.parameters()[i]->value, resumed.parameters()[i]->value);
  const auto test = random_batch(b, 16, 9, 4);
  CHECK(to_vector(original.predict(b.s, test.h, test.labels)) == to_vector(resumed.predict(b.s, test.h, test.labels)));
  train_both(true);
  CHECK(to_vector(original.predict(b.s, test.h, test.labels)) == to_vector(resumed.predict(b.s, test.h, test.labels)));
}

TEST_CASE("the work of a ridge predictor includes its share of the solve") {
  bench b;
  ridge_predictor model(b.s, task_of(12, 5), {.forget = 0.98f, .interval = 4});
  const auto now = random_batch(b, 32, 12, 5);
  model.train(b.s, now.h, now.labels, now.target, 0);
  CHECK(model.train_multiply_adds() == Approx(1.5 * 144 + (18.0 * 18 * 18 / 6 + 18 * 18 * 12) / (4 * 32)));
}

} // namespace
} // namespace syngrad

#include "models/predictors/ridge.hpp"

#include "models/arena.hpp"
#include "runtime/operators.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

namespace syngrad {

ridge_solve::ridge_solve(stream& owner, std::int64_t unknowns, std::int64_t features)
  : normal(make_tensor(owner, {unknowns, unknowns})), right_side(make_tensor(owner, {unknowns, features})),
    solution(make_tensor(owner, {unknowns, features})), failed(make_tensor(owner, {1})) {}

void ridge_solve::run(stream& solver) {
  for (const auto* each : {&normal, &right_side, &solution, &failed}) each->read_on(solver);
  solver.ops().solve_ridge(solver, normal, right_side, ridge, solution, failed);
  const auto done = solver.record();
  for (auto* each : {&normal, &right_side, &solution, &failed}) each->ready_after(done);
}

ridge_predictor::ridge_predictor(stream& s, const predictor_task& task, options how)
  : synthetic_gradient_model(task), features_(task.activation.features()), classes_(task.classes),
    unknowns_(features_ + classes_ + 1), options_(how),
    solution_("solution", {unknowns_, features_}, parameter_kind::state),
    statistics_("statistics", {}, parameter_kind::state),
    solve_(std::make_shared<ridge_solve>(s, unknowns_, features_)) {
  const auto extra = classes_ + 1;
  const auto sums_at = padded(features_ * features_);
  const auto counts_at = sums_at + padded(extra * features_);
  const auto right_side_at = counts_at + padded(extra * extra);
  statistics_.extents = {right_side_at + unknowns_ * features_};

  for (auto* each : {&solution_, &statistics_}) {
    each->value = make_tensor(s, each->extents);
    s.ops().fill(s, each->value, 0);
  }
  products_ = statistics_.value.view(0, {features_, features_});
  sums_ = statistics_.value.view(sums_at, {extra, features_});
  counts_ = statistics_.value.view(counts_at, {extra, extra});
  right_side_ = statistics_.value.view(right_side_at, {unknowns_, features_});

  // Row k: one-hot of label k; the last row: the constant, which all rows have.
  std::vector<float> identity(static_cast<std::size_t>(extra * extra));
  for (std::int64_t i = 0; i < extra; ++i) identity[static_cast<std::size_t>(i * extra + i)] = 1;
  constant_ = make_tensor(s, {extra});
  s.ops().upload(s, identity.data() + classes_ * extra, constant_);
  if (classes_ == 0) return;
  one_hot_ = make_tensor(s, {classes_, extra});
  s.ops().upload(s, identity.data(), one_hot_);
}

synthetic_gradient_size ridge_predictor::size_of(std::int64_t features, std::int32_t classes) {
  const auto square = static_cast<double>(features) * static_cast<double>(features);
  const auto training = square / 2 + square; // of S by its triangle, of C
  return {(features + classes + 1) * features, square, training};
}

double ridge_predictor::predict_multiply_adds() const {
  return size_of(features_, static_cast<std::int32_t>(classes_)).predict_multiply_adds;
}

double ridge_predictor::train_multiply_adds() const {
  const auto products = size_of(features_, static_cast<std::int32_t>(classes_)).train_multiply_adds;
  if (batch_size_ == 0) return products;
  return products + solve_multiply_adds() / static_cast<double>(interval() * batch_size_);
}

// Cholesky, two triangular solves.
double ridge_predictor::solve_multiply_adds() const {
  const auto n = static_cast<double>(unknowns_);
  return n * n * n / 6 + n * n * static_cast<double>(features_);
}

std::int64_t ridge_predictor::interval() const {
  if (options_.interval > 0) return options_.interval;
  const auto products = 2.0 * static_cast<double>(features_ * features_) * static_cast<double>(batch_size_);
  return std::max<std::int64_t>(1, std::llround(solve_multiply_adds() / products));
}

tensor ridge_predictor::enqueue_predict(stream& s, const tensor& h, const tensor& labels) {
  const auto& p = solution_.value;
  const auto of_h = p.view(0, {features_, features_});
  const auto of_constant = p.view((unknowns_ - 1) * features_, {features_});
  tensor of_labels;
  if (classes_ > 0) of_labels = p.view(features_ * features_, {classes_, features_});

  auto prediction = make_tensor(s, {h.rows(), features_});
  s.ops().fill_rows(s, &of_constant, classes_ > 0 ? &of_labels : nullptr, classes_ > 0 ? &labels : nullptr, prediction);
  s.ops().matmul(
    s, {.a = h, .transpose_a = transpose::no, .b = of_h, .transpose_b = transpose::no, .c = prediction, .beta = 1});
  return prediction;
}

void ridge_predictor::prepare_training(stream&, std::int64_t rows, double share, float) {
  ++since_solve_;
  batch_size_ = rows;
  forget_ = forget_of(options_.forget, share);
}

void ridge_predictor::enqueue_train(stream& s, const batch& of) {
  auto guard = make_tensor(s, {1}), guard_of_target = make_tensor(s, {1});
  s.ops().sum_squares(s, of.h, guard);
  s.ops().sum_squares(s, of.target, guard_of_target);
  s.ops().add(s, guard_of_target, 1, guard);
  auto right_side_of_h = right_side_.view(0, {features_, features_});
  auto right_side_sums = right_side_.view(features_ * features_, {classes_ + 1, features_});
  const auto h = weighted(s, of.h, of);
  for (auto [with, sum] : {std::pair(&of.h, &products_), std::pair(&of.target, &right_side_of_h)})
    s.ops().matmul(s, {.a = h,
                       .transpose_a = transpose::yes,
                       .b = *with,
                       .transpose_b = transpose::no,
                       .c = *sum,
                       .beta = forget_,
                       .guard = &guard,
                       .upper = sum == &products_});

  auto extra = make_tensor(s, {h.rows(), classes_ + 1}); // [one-hot label, 1]
  s.ops().fill_rows(s, &constant_, one_hot_ ? &one_hot_ : nullptr, one_hot_ ? &of.labels : nullptr, extra);
  add_sums(s, h, of.labels, guard, sums_);
  add_sums(s, weighted(s, of.target, of), of.labels, guard, right_side_sums);
  add_sums(s, weighted(s, extra, of), of.labels, guard, counts_);
}

// table = forget table + [one-hot label, 1]^T x
void ridge_predictor::add_sums(stream& s, const tensor& x, const tensor& labels, const tensor& guard, tensor& table) {
  const auto columns = x.columns();
  if (classes_ > 0) {
    auto by_label = table.view(0, {classes_, columns});
    s.ops().sum_rows_by_label(s, x, labels, forget_, by_label, &guard);
  }
  auto over_all = table.view(classes_ * columns, {columns});
  s.ops().sum_rows(s, x, forget_, over_all, &guard);
}

std::shared_ptr<background_solve> ridge_predictor::begin_solve(stream& s) {
  if (solving_ || since_solve_ == 0 || since_solve_ < interval()) return nullptr;
  forget_nonfinite(s);
  copy_state(s);
  solving_ = true;
  since_solve_ = 0;
  return solve_;
}

std::shared_ptr<background_solve> ridge_predictor::begin_solve_again(stream& s) {
  copy_state(s);
  solving_ = true;
  return solve_;
}

// A batch that is not finite adds nothing, but many large ones can go beyond what a float holds. Asked once a solve,
// not once a batch, and on the device: the host never waits to know.
void ridge_predictor::forget_nonfinite(stream& s) {
  auto guard = make_tensor(s, {1});
  s.ops().sum_squares(s, statistics_.value, guard);
  s.ops().zero_unless_finite(s, guard, statistics_.value);
}

void ridge_predictor::copy_state(stream& s) {
  auto& to = *solve_;
  s.ops().copy_block(s, products_, to.normal, 0, 0);
  s.ops().copy_block_transposed(s, sums_, to.normal, 0, features_);
  s.ops().copy_block(s, counts_, to.normal, features_, features_);
  s.ops().copy(s, right_side_, to.right_side);
  s.ops().copy(s, solution_.value, to.solution);
  const auto copied = s.record();
  for (auto* each : {&to.normal, &to.right_side, &to.solution}) each->ready_after(copied);
}

void ridge_predictor::finish_solve(stream& s, background_solve& finished) {
  assert(&finished == solve_.get() && solving_ && "a solve that this predictor has not begun");
  static_cast<void>(finished);
  // Everything that the solver did came before the solution: its other tensors may be written again, too.
  solve_->solution.read_on(s);
  if (uses_recordings()) // which know the solution by its address
    s.ops().copy(s, solve_->solution, solution_.value);
  else
    std::swap(solution_.value, solve_->solution);
  solving_ = false;
}

namespace {

struct parsed_options {
  std::optional<float> forget;
  std::optional<std::int64_t> interval; // 0: none was given
};

parsed_options parse_options(std::string_view argument) {
  const ridge_predictor::options usual;
  parsed_options parsed{usual.forget, usual.interval};
  if (argument.empty()) return parsed;
  const auto at = argument.find('@');
  parsed.forget = parse_number<float>(argument.substr(0, at));
  if (at != std::string_view::npos) parsed.interval = parse_number<std::int64_t>(argument.substr(at + 1));
  return parsed;
}

status check(std::string_view argument) {
  constexpr std::int64_t longest = 1'000'000;
  const auto [forget, interval] = parse_options(argument);
  if (!forget || !(*forget > 0 && *forget <= 1)) return error::setting("FORGET must be above 0 and at most 1");
  const bool given = argument.find('@') != std::string_view::npos;
  if (!interval || *interval < (given ? 1 : 0) || *interval > longest)
    return error::setting(
      fmt::format("INTERVAL, the batches from one solve to the next, must be from 1 to {}", longest));
  return ok();
}

synthetic_gradient_size size_of(const predictor_request& request) {
  return ridge_predictor::size_of(request.features(), request.task.classes);
}

std::unique_ptr<synthetic_gradient_model> make(const predictor_request& request, stream& owner, random_source&) {
  const auto [forget, interval] = parse_options(request.argument);
  return std::make_unique<ridge_predictor>(owner, request.task, ridge_predictor::options{*forget, *interval});
}

} // namespace

const predictor_kind ridge_kind{"ridge", "ridge[:FORGET[@INTERVAL]] (for example ridge:0.98@5)", check, size_of, make};

} // namespace syngrad

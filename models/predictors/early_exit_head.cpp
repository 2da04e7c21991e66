#include "models/predictors/early_exit_head.hpp"

#include "models/arena.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

early_exit_head::early_exit_head(stream& s, const predictor_task& task)
  : synthetic_gradient_model(task), input_(task),
    solution_("solution", {input_.inputs() + 1, task.classes}, parameter_kind::state),
    statistics_("statistics", {}, parameter_kind::state) {
  const auto inputs = input_.inputs();
  const std::int64_t classes = task.classes;
  const auto sums_at = padded(inputs * inputs), counts_at = sums_at + padded(classes * inputs);
  statistics_.extents = {counts_at + classes};
  for (auto* each : {&solution_, &statistics_}) {
    each->value = make_tensor(s, each->extents);
    s.ops().fill(s, each->value, 0);
  }
  products_ = statistics_.value.view(0, {inputs, inputs});
  sums_ = statistics_.value.view(sums_at, {classes, inputs});
  counts_ = statistics_.value.view(counts_at, {classes, 1});
  ones_ = make_tensor(s, {classes, 1});
  s.ops().fill(s, ones_, 1);
  minus_mean_ = make_tensor(s, {classes});
  s.ops().fill(s, minus_mean_, -1 / static_cast<float>(classes));
  normal_ = make_tensor(s, {inputs + 1, inputs + 1});
  right_side_ = make_tensor(s, solution_.extents);
  sum_ = make_tensor(s, {inputs});
  count_ = make_tensor(s, {1});
  failed_ = make_tensor(s, {1});
}

synthetic_gradient_size early_exit_head::size_of(const predictor_task& task) {
  const auto inputs = head_input::inputs_of(task);
  const auto square = static_cast<double>(inputs) * static_cast<double>(inputs);
  const auto labels_a_row = static_cast<double>(task.labels) / static_cast<double>(task.activation.rows());
  return {(inputs + 1) * task.classes, 2 * static_cast<double>(inputs * task.classes) * labels_a_row,
          square / 2 * labels_a_row}; // of S by its triangle
}

tensor early_exit_head::has_label(stream& s, const tensor& labels) const {
  auto out = make_tensor(s, {labels.elements(), 1});
  s.ops().fill_rows(s, nullptr, &ones_, &labels, out);
  return out;
}

// x W - y, where there is a label: (n W' + b - 1/classes) and, from a softmax of zeros, (1/classes - y), which is right
// for any number of classes.
tensor early_exit_head::error_of(stream& s, const head_input::seen& of, const tensor& labels) const {
  const auto rows = of.normal.rows(), inputs = input_.inputs();
  const std::int64_t classes = task().classes;
  auto bias = make_tensor(s, {classes});
  s.ops().copy(s, solution_.value.view(inputs * classes, {classes}), bias);
  s.ops().add(s, minus_mean_, 1, bias);
  auto error = make_tensor(s, {rows, classes});
  s.ops().matmul(s, {.a = of.normal,
                     .transpose_a = transpose::no,
                     .b = solution_.value.view(0, {inputs, classes}),
                     .transpose_b = transpose::no,
                     .c = error,
                     .bias = &bias});
  s.ops().scale_rows(s, error, has_label(s, labels).view(0, {rows}), error);
  auto zeros = make_tensor(s, error.extents()), mean_less_label = make_tensor(s, error.extents());
  s.ops().fill(s, zeros, 0);
  auto loss_and_wrong = make_tensor(s, {2});
  s.ops().softmax_cross_entropy(
    s, {.logits = zeros, .labels = labels, .gradient = &mean_less_label, .result = loss_and_wrong});
  s.ops().add(s, mean_less_label, 1, error);
  return error;
}

tensor early_exit_head::enqueue_predict(stream& s, const tensor& h, const tensor& labels) {
  const auto now = input_.see(s, h);
  if (!uses_recordings()) remembered_.add({h, labels, now, 0});
  const auto error = error_of(s, now, labels);
  auto at_normal = make_tensor(s, now.normal.extents());
  s.ops().matmul(s, {.a = error,
                     .transpose_a = transpose::no,
                     .b = solution_.value.view(0, {input_.inputs(), task().classes}),
                     .transpose_b = transpose::yes,
                     .c = at_normal});
  return input_.through_normal(s, now, at_normal, h.extents());
}

void early_exit_head::prepare_training(stream&, std::int64_t, double share, float) {
  ++trained_;
  forget_ = forget_of(forget, share);
}

void early_exit_head::enqueue_train(stream& s, const batch& of) {
  auto found = uses_recordings() ? std::nullopt : remembered_.take(of.h, of.labels);
  const auto now = found ? found->read : input_.see(s, of.h);
  const auto guard = input_.guard_of(s, now);
  const auto counts = weighted(s, has_label(s, of.labels), of); // what each row counts
  auto counted = make_tensor(s, now.normal.extents());
  s.ops().scale_rows(s, now.normal, counts.view(0, {counts.rows()}), counted);
  s.ops().matmul(s, {.a = counted,
                     .transpose_a = transpose::yes,
                     .b = now.normal,
                     .transpose_b = transpose::no,
                     .c = products_,
                     .beta = forget_,
                     .guard = &guard,
                     .upper = true});
  s.ops().sum_rows_by_label(s, counted, of.labels, forget_, sums_, &guard);
  s.ops().sum_rows_by_label(s, counts, of.labels, forget_, counts_, &guard);
}

std::shared_ptr<background_solve> early_exit_head::begin_solve(stream& s) {
  if (trained_ == 0 || (trained_ > solved_at_first && trained_ % interval != 0)) return nullptr;
  s.ops().sum_squares(s, statistics_.value, failed_); // sums of large batches can go beyond what a float holds
  s.ops().zero_unless_finite(s, failed_, statistics_.value);
  assemble(s);
  s.ops().solve_ridge(s, normal_, right_side_, ridge, solution_.value, failed_);
  const auto n = static_cast<double>(normal_.rows());
  count(n * n * n / 6 + n * n * static_cast<double>(task().classes)); // Cholesky, two triangular solves
  return nullptr;
}

// S and C from the blocks that are kept.
void early_exit_head::assemble(stream& s) {
  const auto inputs = input_.inputs();
  s.ops().sum_rows(s, sums_, 0, sum_);
  s.ops().sum_rows(s, counts_, 0, count_);
  s.ops().copy_block(s, products_, normal_, 0, 0);
  s.ops().copy_block_transposed(s, sum_.view(0, {1, inputs}), normal_, 0, inputs);
  s.ops().copy_block(s, count_.view(0, {1, 1}), normal_, inputs, inputs);
  s.ops().copy_block_transposed(s, sums_, right_side_, 0, 0);
  s.ops().copy_block_transposed(s, counts_, right_side_, inputs, 0);
}

} // namespace syngrad

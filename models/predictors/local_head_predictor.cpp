#include "models/predictors/local_head_predictor.hpp"

#include "models/local_head_choice.hpp"
#include "models/predictors/early_exit_head.hpp"
#include "models/predictors/mlp_head.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

// ---- head

head_predictor::head_predictor(stream& s, const predictor_task& task)
  : synthetic_gradient_model(task), head_(s, task) {}

synthetic_gradient_size head_predictor::size_of(const predictor_task& task) {
  const auto of_label = local_head::product_multiply_adds(task);
  const auto labels_a_row = static_cast<double>(task.labels) / static_cast<double>(task.activation.rows());
  const auto parameters = (head_input::inputs_of(task) + 1) * task.classes;
  return {parameters, 2 * of_label * labels_a_row, 2 * of_label * labels_a_row};
}

tensor head_predictor::enqueue_predict(stream& s, const tensor& h, const tensor& labels) {
  const auto now = uses_recordings() ? head_.read(s, h, labels) : head_.read_to_predict(s, h, labels);
  return head_.input().through_normal(s, now, head_.gradient_at_normal(s, now), h.extents());
}

void head_predictor::prepare_training(stream& s, std::int64_t labels, double, float rate) {
  head_.prepare_training(s, labels, rate);
}

void head_predictor::enqueue_train(stream& s, const batch& of) {
  const auto now = uses_recordings() ? head_.read(s, of.h, of.labels) : head_.read_to_train(s, of.h, of.labels);
  head_.train(s, now, weighted(s, now.error, of), head_.input().guard_of(s, now));
}

// ---- exit

namespace {

bool goes_through_weights(const predictor_task& task) {
  return task.classes > exit_predictor::most_classes && task.classes > head_input::inputs_of(task);
}

// Rows and columns of P.
shape map_of(const predictor_task& task) {
  return {goes_through_weights(task) ? head_input::inputs_of(task) : task.classes,
          task.has_label_for_each_row() ? task.activation.features() : task.activation.elements()};
}

} // namespace

exit_predictor::exit_predictor(stream& s, const predictor_task& task)
  : synthetic_gradient_model(task), head_(s, task), solution_("solution", map_of(task), parameter_kind::state),
    statistics_("statistics", {}, parameter_kind::state) {
  const auto unknowns = solution_.extents[0];
  const auto right_side_at = padded(unknowns * unknowns);
  statistics_.extents = {right_side_at + solution_.extents.elements()};
  for (auto* each : {&solution_, &statistics_}) {
    each->value = make_tensor(s, each->extents);
    s.ops().fill(s, each->value, 0);
  }
  products_ = statistics_.value.view(0, {unknowns, unknowns});
  right_side_ = statistics_.value.view(right_side_at, solution_.extents);
  normal_ = make_tensor(s, products_.extents());
  solved_right_side_ = make_tensor(s, solution_.extents);
  failed_ = make_tensor(s, {1});
}

synthetic_gradient_size exit_predictor::size_of(const predictor_task& task) {
  const auto map = map_of(task);
  const auto of_head = local_head::product_multiply_adds(task), of_map = static_cast<double>(map.elements()),
             of_weights = goes_through_weights(task) ? of_head : 0, of_sums = static_cast<double>(map[0] * map[0]);
  const auto labels_a_row = static_cast<double>(task.labels) / static_cast<double>(task.activation.rows());
  return {(head_input::inputs_of(task) + 1) * task.classes + map.elements(),
          (of_head + of_weights + of_map) * labels_a_row, (2 * of_head + of_weights + of_sums + of_map) * labels_a_row};
}

std::vector<parameter*> exit_predictor::parameters() {
  auto all = head_.parameters();
  all.insert(all.end(), {&solution_, &statistics_});
  return all;
}

learned_state exit_predictor::learned_by_kind() {
  auto out = head_.learned();
  out.add({{solution_.value, statistics_.value}, {&trained_, &solved_}, {}});
  return out;
}

tensor exit_predictor::cause(stream& s, const local_head::reading& now) const {
  return goes_through_weights(task()) ? head_.gradient_at_normal(s, now) : now.error;
}

tensor exit_predictor::enqueue_predict(stream& s, const tensor& h, const tensor& labels) {
  const auto now = uses_recordings() ? head_.read(s, h, labels) : head_.read_to_predict(s, h, labels);
  if (!maps_rows() && solved_ == 0)
    return head_.input().through_normal(s, now, head_.gradient_at_normal(s, now), h.extents());
  auto mapped = make_tensor(s, {now.error.rows(), solution_.extents[1]});
  const auto of_errors = cause(s, now);
  auto map = solution_.value;
  const bool adds = maps_rows() && goes_through_weights(task());
  if (adds) {
    s.ops().copy(s, of_errors, mapped); // e W + e W R
  } else if (maps_rows()) {
    map = make_tensor(s, solution_.extents); // e (W + R)
    s.ops().copy(s, head_.weight(), map);
    s.ops().add(s, solution_.value, 1, map);
  }
  s.ops().matmul(s, {.a = of_errors,
                     .transpose_a = transpose::no,
                     .b = map,
                     .transpose_b = transpose::no,
                     .c = mapped,
                     .beta = adds ? 1.0f : 0.0f});
  return maps_rows() ? head_.input().through_normal(s, now, mapped, h.extents()) : mapped;
}

void exit_predictor::prepare_training(stream& s, std::int64_t labels, double share, float rate) {
  head_.prepare_training(s, labels, rate);
  ++trained_;
  forget_ = forget_of(forget, share);
}

void exit_predictor::enqueue_train(stream& s, const batch& of) {
  const auto now = uses_recordings() ? head_.read(s, of.h, of.labels) : head_.read_to_train(s, of.h, of.labels);
  auto guard = head_.input().guard_of(s, now), guard_of_target = make_tensor(s, {1});
  s.ops().sum_squares(s, of.target, guard_of_target);
  s.ops().add(s, guard_of_target, 1, guard);
  const auto of_errors = cause(s, now), counted = weighted(s, of_errors, of);
  auto scaled = counted; // of_errors^T (sigma target) = (sigma of_errors)^T target
  if (maps_rows()) {
    scaled = make_tensor(s, of_errors.extents());
    const auto rows = of_errors.rows();
    s.ops().divide_rows(s, counted, now.statistics.view(rows, {rows}), scaled);
    // A row whose squares are beyond what a float holds has an inverse of zero.
    auto guard_of_scaled = make_tensor(s, {1});
    s.ops().sum_squares(s, scaled, guard_of_scaled);
    s.ops().add(s, guard_of_scaled, 1, guard);
  }
  const auto add_to = [&](tensor& sum, const tensor& left, const tensor& right) {
    s.ops().matmul(s, {.a = left,
                       .transpose_a = transpose::yes,
                       .b = right,
                       .transpose_b = transpose::no,
                       .c = sum,
                       .beta = forget_,
                       .guard = &guard});
  };
  add_to(products_, counted, of_errors);
  add_to(right_side_, scaled, of.target);
  head_.train(s, now, weighted(s, now.error, of), guard);
}

std::shared_ptr<background_solve> exit_predictor::begin_solve(stream& s) {
  if (trained_ == 0 || (trained_ > solved_at_first && trained_ % interval != 0)) return nullptr;
  s.ops().sum_squares(s, statistics_.value, failed_); // sums of large batches can go beyond what a float holds
  s.ops().zero_unless_finite(s, failed_, statistics_.value);
  s.ops().copy(s, products_, normal_);
  s.ops().copy(s, right_side_, solved_right_side_);
  if (maps_rows()) take_away_head(s);
  s.ops().solve_ridge(s, normal_, solved_right_side_, maps_rows() ? ridge_of_rows : ridge_of_samples, solution_.value,
                      failed_);
  ++solved_;
  return nullptr;
}

// What is left to learn of the right side: of C, C - S W; of (e W)^T (sigma target), less S.
void exit_predictor::take_away_head(stream& s) {
  if (goes_through_weights(task()))
    s.ops().add(s, products_, -1, solved_right_side_);
  else
    s.ops().matmul(s, {.a = products_,
                       .transpose_a = transpose::no,
                       .b = head_.weight(),
                       .transpose_b = transpose::no,
                       .c = solved_right_side_,
                       .alpha = -1,
                       .beta = 1});
}

namespace {

synthetic_gradient_size size_of_exit(const predictor_request& request) {
  return exit_predictor::size_of(request.task);
}

std::unique_ptr<synthetic_gradient_model> make_exit(const predictor_request& request, stream& owner, random_source&) {
  return std::make_unique<exit_predictor>(owner, request.task);
}

// What stands behind "head:"; nothing is a linear one.
result<local_head_choice> head_of(std::string_view argument) {
  return argument.empty() ? local_head_choice{} : local_head_choice::parse(argument);
}

status check_head(std::string_view argument) {
  if (const auto chosen = head_of(argument); !chosen) return chosen.failure();
  return ok();
}

synthetic_gradient_size size_of_head(const predictor_request& request) {
  const auto chosen = head_of(request.argument).value();
  switch (chosen.of) {
  case local_head_choice::form::mlp:
    return mlp_head_predictor::size_of(request.task, chosen.hidden);
  case local_head_choice::form::early_exit:
    return early_exit_head::size_of(request.task);
  case local_head_choice::form::linear:
    break;
  }
  return head_predictor::size_of(request.task);
}

std::unique_ptr<synthetic_gradient_model> make_head(const predictor_request& request, stream& owner,
                                                    random_source& random) {
  const auto chosen = head_of(request.argument).value();
  switch (chosen.of) {
  case local_head_choice::form::mlp:
    return std::make_unique<mlp_head_predictor>(owner, request.task, chosen.hidden, random);
  case local_head_choice::form::early_exit:
    return std::make_unique<early_exit_head>(owner, request.task);
  case local_head_choice::form::linear:
    break;
  }
  return std::make_unique<head_predictor>(owner, request.task);
}

} // namespace

const predictor_kind head_kind{
  "head",     "head[:mlp:N|:early-exit] (for example head:mlp:64)",
  check_head, size_of_head,
  make_head,  {.labels = true, .targets = false, .rate = 3e-3f, .follows_schedule = false}};
const predictor_kind exit_kind{"exit",       "exit",    check_no_argument,
                               size_of_exit, make_exit, {.labels = true, .rate = 3e-3f, .follows_schedule = false}};

} // namespace syngrad

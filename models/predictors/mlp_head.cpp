#include "models/predictors/mlp_head.hpp"

#include "models/local_head.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad {

mlp_head_predictor::mlp_head_predictor(stream& s, const predictor_task& task, std::int64_t hidden,
                                       random_source& random)
  : synthetic_gradient_model(task), input_(task), hidden_weight_("hidden.weight", {hidden, input_.inputs()}),
    hidden_bias_("hidden.bias", {hidden}), weight_("weight", {task.classes, hidden}), bias_("bias", {task.classes}),
    arena_(s, {{&hidden_weight_, &hidden_bias_, &weight_, &bias_}}),
    optimizer_(std::move(make_optimizer(s, arena_, head_optimizer()).value())), guard_(make_tensor(s, {1})) {
  initialize_uniform(s, hidden_weight_.value, 1 / std::sqrt(static_cast<double>(input_.inputs())), random);
}

synthetic_gradient_size mlp_head_predictor::size_of(const predictor_task& task, std::int64_t hidden) {
  const auto inputs = head_input::inputs_of(task);
  const auto of_outputs = static_cast<double>(hidden) * task.classes;
  const auto forward = static_cast<double>(inputs * hidden) + of_outputs;
  const auto labels_a_row = static_cast<double>(task.labels) / static_cast<double>(task.activation.rows());
  return {(inputs + 1) * hidden + (hidden + 1) * task.classes, 2 * forward * labels_a_row,
          (2 * forward + of_outputs) * labels_a_row};
}

std::vector<parameter*> mlp_head_predictor::parameters() {
  remembered_.clear(); // whoever asks may write the weights
  return {&hidden_weight_, &hidden_bias_, &weight_, &bias_};
}

learned_state mlp_head_predictor::learned_by_kind() {
  auto out = learned_by(arena_, *optimizer_);
  out.when_written.push_back([this] { remembered_.clear(); });
  out.counters.push_back(&steps_);
  return out;
}

mlp_head_predictor::reading mlp_head_predictor::read(stream& s, const tensor& h, const tensor& labels) const {
  reading out{input_.see(s, h), {}, {}};
  judge(s, labels, out);
  return out;
}

void mlp_head_predictor::judge(stream& s, const tensor& labels, reading& out) const {
  const auto rows = out.normal.rows();
  const auto through = [&](const tensor& x, const parameter& weight, const parameter& bias, bool relu) {
    auto y = make_tensor(s, {rows, weight.extents[0]});
    s.ops().matmul(s, {.a = x,
                       .transpose_a = transpose::no,
                       .b = weight.value,
                       .transpose_b = transpose::yes,
                       .c = y,
                       .bias = &bias.value,
                       .relu = relu});
    return y;
  };
  out.hidden = through(out.normal, hidden_weight_, hidden_bias_, true);
  const auto logits = through(out.hidden, weight_, bias_, false);
  out.error = make_tensor(s, logits.extents());
  auto loss_and_wrong = make_tensor(s, {2});
  s.ops().softmax_cross_entropy(s,
                                {.logits = logits, .labels = labels, .gradient = &out.error, .result = loss_and_wrong});
}

mlp_head_predictor::reading mlp_head_predictor::read_to_train(stream& s, const batch& of) {
  auto found = uses_recordings() ? std::nullopt : remembered_.take(of.h, of.labels);
  if (!found) return read(s, of.h, of.labels);
  if (found->version != version_) judge(s, of.labels, found->read);
  return std::move(found->read);
}

tensor mlp_head_predictor::gradient_at_hidden(stream& s, const tensor& error, const reading& of) const {
  auto out = make_tensor(s, of.hidden.extents());
  s.ops().matmul(
    s, {.a = error, .transpose_a = transpose::no, .b = weight_.value, .transpose_b = transpose::no, .c = out});
  s.ops().relu_backward(s, out, of.hidden, out);
  return out;
}

tensor mlp_head_predictor::enqueue_predict(stream& s, const tensor& h, const tensor& labels) {
  auto now = read(s, h, labels);
  if (!uses_recordings()) remembered_.add({h, labels, now, version_});
  auto at_normal = make_tensor(s, now.normal.extents());
  s.ops().matmul(s, {.a = gradient_at_hidden(s, now.error, now),
                     .transpose_a = transpose::no,
                     .b = hidden_weight_.value,
                     .transpose_b = transpose::no,
                     .c = at_normal});
  return input_.through_normal(s, now, at_normal, h.extents());
}

void mlp_head_predictor::prepare_training(stream& s, std::int64_t labels, double, float rate) {
  const auto next = optimizer_->numbers_of({.scale = 1 / static_cast<float>(labels),
                                            .learning_rate = rate,
                                            .number = ++steps_,
                                            .guard = &guard_,
                                            .nonfinite = nullptr});
  numbers_.upload(s, {&next, 1});
}

void mlp_head_predictor::enqueue_train(stream& s, const batch& of) {
  const auto now = read_to_train(s, of);
  s.ops().copy(s, input_.guard_of(s, now), guard_);
  const auto learn = [&](const tensor& dy, const tensor& x, parameter& weight, parameter& bias) {
    s.ops().matmul(s, {.a = dy,
                       .transpose_a = transpose::yes,
                       .b = x,
                       .transpose_b = transpose::no,
                       .c = weight.gradient,
                       .sums_of_a = &bias.gradient});
  };
  const auto error = weighted(s, now.error, of);
  learn(error, now.hidden, weight_, bias_);
  learn(gradient_at_hidden(s, error, now), now.normal, hidden_weight_, hidden_bias_);
  const auto numbers = numbers_.of_step(0);
  optimizer_->step(s, arena_, arena_.ranges()[0], {.numbers = &numbers});
  ++version_;
}

} // namespace syngrad

#include "models/local_head.hpp"

#include "runtime/operators.hpp"

#include <algorithm>

namespace syngrad {

// Steps of a head are quick to follow an activation that moves under it.
optimizer_settings head_optimizer() {
  return {.name = "adam", .beta2 = 0.98f};
}

local_head::local_head(stream& s, const predictor_task& task)
  : input_(task), weight_("weight", {task.classes, input_.inputs()}), bias_("bias", {task.classes}),
    arena_(s, {{&weight_, &bias_}}), optimizer_(std::move(make_optimizer(s, arena_, head_optimizer()).value())),
    guard_(make_tensor(s, {1})) {}

local_head::reading local_head::read(stream& s, const tensor& h, const tensor& labels) const {
  reading out{input_.see(s, h), {}};
  judge(s, labels, out);
  return out;
}

local_head::reading local_head::read_to_predict(stream& s, const tensor& h, const tensor& labels) {
  return remembered_.add({h, labels, read(s, h, labels), version_});
}

local_head::reading local_head::read_to_train(stream& s, const tensor& h, const tensor& labels) {
  auto found = remembered_.take(h, labels);
  if (!found) return read(s, h, labels);
  if (found->version != version_) judge(s, labels, found->read);
  return std::move(found->read);
}

std::vector<parameter*> local_head::parameters() {
  remembered_.clear();
  return {&weight_, &bias_};
}

void local_head::judge(stream& s, const tensor& labels, reading& out) const {
  const auto rows = out.normal.rows();
  auto logits = make_tensor(s, {rows, classes()});
  s.ops().matmul(s, {.a = out.normal,
                     .transpose_a = transpose::no,
                     .b = weight_.value,
                     .transpose_b = transpose::yes,
                     .c = logits,
                     .bias = &bias_.value});
  out.error = make_tensor(s, {rows, classes()});
  auto loss_and_wrong = make_tensor(s, {2});
  s.ops().softmax_cross_entropy(s,
                                {.logits = logits, .labels = labels, .gradient = &out.error, .result = loss_and_wrong});
}

tensor local_head::gradient_at_normal(stream& s, const reading& of) const {
  auto out = make_tensor(s, {of.error.rows(), inputs()});
  s.ops().matmul(
    s, {.a = of.error, .transpose_a = transpose::no, .b = weight_.value, .transpose_b = transpose::no, .c = out});
  return out;
}

void local_head::prepare_training(stream& s, std::int64_t labels, float rate) {
  const auto next = optimizer_->numbers_of({.scale = 1 / static_cast<float>(labels),
                                            .learning_rate = rate,
                                            .number = ++steps_,
                                            .guard = &guard_,
                                            .nonfinite = nullptr});
  numbers_.upload(s, {&next, 1});
}

void local_head::train(stream& s, const reading& of, const tensor& error, const tensor& guard) {
  s.ops().copy(s, guard, guard_);
  s.ops().matmul(s, {.a = error,
                     .transpose_a = transpose::yes,
                     .b = of.normal,
                     .transpose_b = transpose::no,
                     .c = weight_.gradient,
                     .sums_of_a = &bias_.gradient});
  const auto numbers = numbers_.of_step(0);
  optimizer_->step(s, arena_, arena_.ranges()[0], {.numbers = &numbers});
  ++version_;
}

learned_state local_head::learned() {
  auto out = learned_by(arena_, *optimizer_);
  out.counters.push_back(&steps_);
  out.when_written.push_back([this] { remembered_.clear(); });
  return out;
}

} // namespace syngrad

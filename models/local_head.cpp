#include "models/local_head.hpp"

#include "runtime/operators.hpp"

#include <algorithm>

namespace syngrad {

namespace {

// Steps of a head are quick to follow an activation that moves under it.
optimizer_settings head_optimizer() {
  return {.name = "adam", .beta2 = 0.98f};
}

} // namespace

local_head::local_head(stream& s, const predictor_task& task)
  : pooling_(pooling_of(task)), weight_("weight", {task.classes, inputs_of(task)}), bias_("bias", {task.classes}),
    arena_(s, {{&weight_, &bias_}}), optimizer_(std::move(make_optimizer(s, arena_, head_optimizer()).value())),
    guard_(make_tensor(s, {1})) {
  remembered_.reserve(most_remembered);
}

// Images are cut into 2 x 2 parts, which share a line of positions where their number is odd.
std::optional<local_head::pooling> local_head::pooling_of(const predictor_task& task) {
  const auto& extents = task.activation.extents;
  const auto positions = task.activation.rows(), features = task.activation.features();
  if (task.has_label_for_each_row()) return std::nullopt;
  if (extents.rank() != 3) return pooling{{positions, 1, features}, {{positions, 1}}};
  const auto stride_of = [](std::int64_t extent) { return std::max<std::int64_t>(1, extent / 2); };
  const extent2d stride(stride_of(extents[0]), stride_of(extents[1]));
  const auto kernel_of = [](std::int64_t extent, std::int64_t step) { return extent == 1 ? 1 : extent - step; };
  return pooling{extents, {{kernel_of(extents[0], stride.height), kernel_of(extents[1], stride.width)}, stride}};
}

std::int64_t local_head::inputs_of(const predictor_task& task) {
  const auto pooled = pooling_of(task);
  return task.activation.features() * (pooled ? pooled->parts() : 1);
}

local_head::reading local_head::read(stream& s, const tensor& h, const tensor& labels) const {
  auto out = normalised(s, h);
  judge(s, labels, out);
  return out;
}

local_head::reading local_head::read_to_predict(stream& s, const tensor& h, const tensor& labels) {
  if (remembered_.size() == most_remembered) remembered_.erase(remembered_.begin());
  remembered_.push_back({h, labels, read(s, h, labels), version_});
  return remembered_.back().read;
}

local_head::reading local_head::read_to_train(stream& s, const tensor& h, const tensor& labels) {
  const auto is_it = [&](const remembered& each) {
    return each.h.data() == h.data() && each.h.extents() == h.extents() && each.labels.data() == labels.data();
  };
  const auto found = std::find_if(remembered_.begin(), remembered_.end(), is_it);
  if (found == remembered_.end()) return read(s, h, labels);
  auto out = std::move(found->read);
  const bool learnt = found->version != version_;
  remembered_.erase(found);
  if (learnt) judge(s, labels, out);
  return out;
}

std::vector<parameter*> local_head::parameters() {
  remembered_.clear();
  return {&weight_, &bias_};
}

// All of it but the error.
local_head::reading local_head::normalised(stream& s, const tensor& h) const {
  reading out;
  out.pooled = h;
  if (pooling_) {
    const auto samples = h.elements() / pooling_->image.elements();
    out.pooled = make_tensor(s, {samples, inputs()});
    auto parts = parts_of(out.pooled);
    s.ops().avg_pool2d(s, h.view(0, shape::of_batch(samples, pooling_->image)), pooling_->window, parts);
  }
  const auto rows = out.pooled.rows();
  out.normal = make_tensor(s, {rows, inputs()});
  out.statistics = make_tensor(s, {2, rows});
  s.ops().layer_norm(s, {.x = out.pooled, .y = out.normal, .saved = &out.statistics});
  return out;
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

// [samples, inputs] as [samples, height, width, features].
tensor local_head::parts_of(const tensor& pooled) const {
  const auto parts = pooling_->window.output_of({pooling_->image[0], pooling_->image[1]});
  return pooled.view(0, {pooled.rows(), parts.height, parts.width, pooling_->image[2]});
}

tensor local_head::guard_of(stream& s, const reading& of) const {
  auto guard = make_tensor(s, {1});
  s.ops().sum_squares(s, of.statistics, guard);
  return guard;
}

tensor local_head::gradient_at_normal(stream& s, const reading& of) const {
  auto out = make_tensor(s, {of.error.rows(), inputs()});
  s.ops().matmul(
    s, {.a = of.error, .transpose_a = transpose::no, .b = weight_.value, .transpose_b = transpose::no, .c = out});
  return out;
}

tensor local_head::through_normal(stream& s, const reading& of, const tensor& at_normal, const shape& of_h) const {
  auto at_pooled = make_tensor(s, of.pooled.extents());
  s.ops().layer_norm_backward(s, {.dy = at_normal, .x = of.pooled, .saved = of.statistics, .dx = &at_pooled});
  if (!pooling_) return at_pooled;
  auto out = make_tensor(s, of_h);
  auto at_image = out.view(0, shape::of_batch(at_pooled.rows(), pooling_->image));
  s.ops().avg_pool2d_backward(s, parts_of(at_pooled), pooling_->window, at_image);
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

#include "models/head_input.hpp"

#include "runtime/operators.hpp"

#include <algorithm>

namespace syngrad {

// Images are cut into 2 x 2 parts, which share a line of positions where their number is odd.
std::optional<head_input::pooling> head_input::pooling_of(const predictor_task& task) {
  const auto& extents = task.activation.extents;
  const auto positions = task.activation.rows(), features = task.activation.features();
  if (task.has_label_for_each_row()) return std::nullopt;
  if (extents.rank() != 3) return pooling{{positions, 1, features}, {{positions, 1}}};
  const auto stride_of = [](std::int64_t extent) { return std::max<std::int64_t>(1, extent / 2); };
  const extent2d stride(stride_of(extents[0]), stride_of(extents[1]));
  const auto kernel_of = [](std::int64_t extent, std::int64_t step) { return extent == 1 ? 1 : extent - step; };
  return pooling{extents, {{kernel_of(extents[0], stride.height), kernel_of(extents[1], stride.width)}, stride}};
}

std::int64_t head_input::inputs_of(const predictor_task& task) {
  const auto pooled = pooling_of(task);
  return task.activation.features() * (pooled ? pooled->parts() : 1);
}

head_input::seen head_input::see(stream& s, const tensor& h) const {
  seen out;
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

// [samples, inputs] as [samples, height, width, features].
tensor head_input::parts_of(const tensor& pooled) const {
  const auto parts = pooling_->window.output_of({pooling_->image[0], pooling_->image[1]});
  return pooled.view(0, {pooled.rows(), parts.height, parts.width, pooling_->image[2]});
}

tensor head_input::guard_of(stream& s, const seen& of) const {
  auto guard = make_tensor(s, {1});
  s.ops().sum_squares(s, of.statistics, guard);
  return guard;
}

tensor head_input::through_normal(stream& s, const seen& of, const tensor& at_normal, const shape& of_h) const {
  auto at_pooled = make_tensor(s, of.pooled.extents());
  s.ops().layer_norm_backward(s, {.dy = at_normal, .x = of.pooled, .saved = of.statistics, .dx = &at_pooled});
  if (!pooling_) return at_pooled;
  auto out = make_tensor(s, of_h);
  auto at_image = out.view(0, shape::of_batch(at_pooled.rows(), pooling_->image));
  s.ops().avg_pool2d_backward(s, parts_of(at_pooled), pooling_->window, at_image);
  return out;
}

} // namespace syngrad

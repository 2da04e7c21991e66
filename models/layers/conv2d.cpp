#include "models/layers/conv2d.hpp"

#include "models/layers/image_window.hpp"
#include "models/parameter.hpp"
#include "runtime/operators.hpp"

#include <cmath>
#include <fmt/core.h>

namespace syngrad {

conv2d::conv2d(std::int64_t in_channels, std::int64_t out_channels, extent2d kernel_size, const options& how)
  : window_{kernel_size, how.stride, how.padding},
    weight_("weight", {out_channels, kernel_size.height, kernel_size.width, in_channels}),
    bias_("bias", {out_channels}), with_bias_(how.bias) {}

std::string conv2d::describe() const {
  return fmt::format("conv2d {}->{} {}", in_channels(), out_channels(), describe_window(window_));
}

result<sample_spec> conv2d::infer(const sample_spec& below) const {
  return infer_window(below, window_, in_channels(), out_channels());
}

double conv2d::multiply_adds(const sample_spec& below) const {
  const auto outputs = window_.output_of({below.extents[0], below.extents[1]}).positions();
  return 3.0 * static_cast<double>(weight_.extents.elements() * outputs); // y, dW and dx
}

std::vector<parameter*> conv2d::parameters() {
  if (with_bias_) return {&weight_, &bias_};
  return {&weight_};
}

void conv2d::initialize(stream& s, random_source& random) {
  const auto bound = 1 / std::sqrt(static_cast<double>(window_.kernel_size.positions() * in_channels()));
  for (auto* each : parameters()) initialize_uniform(s, each->value, bound, random);
}

tensor conv2d::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, output_extents(x, window_).with_features(out_channels()));
  s.ops().conv2d(
    s, {.x = x, .weight = weight_.value, .bias = with_bias_ ? &bias_.value : nullptr, .y = y, .window = window_});
  if (!cache.empty()) cache[0] = x;
  return y;
}

tensor conv2d::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  const auto& x = cache[0];
  tensor dx;
  if (wanted.input_gradient) dx = make_tensor(s, x.extents());
  if (wanted.deferred) {
    make_or_defer(s, 0, dy, cache, wanted);
    wanted.parameter_gradient = false;
  }
  if (!wanted.input_gradient && !wanted.parameter_gradient) return dx;
  s.ops().conv2d_backward(s, {.dy = dy,
                              .x = x,
                              .weight = weight_.value,
                              .window = window_,
                              .dx = wanted.input_gradient ? &dx : nullptr,
                              .dweight = wanted.parameter_gradient ? &weight_.gradient : nullptr,
                              .dbias = wanted.parameter_gradient && with_bias_ ? &bias_.gradient : nullptr,
                              .accumulate = wanted.accumulate});
  return dx;
}

void conv2d::backward_parameters(stream& s, int, const tensor& dy, layer_cache cache, bool accumulate) {
  s.ops().conv2d_backward(s, {.dy = dy,
                              .x = cache[0],
                              .weight = weight_.value,
                              .window = window_,
                              .dweight = &weight_.gradient,
                              .dbias = with_bias_ ? &bias_.gradient : nullptr,
                              .accumulate = accumulate});
}

} // namespace syngrad

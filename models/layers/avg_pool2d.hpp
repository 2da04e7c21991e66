// The mean of each window, by channel (PyTorch's AvgPool2d): [batch, height, width, channels] -> [batch, output height,
// output width, channels]. The padding counts as zeros that are part of the mean. The cache holds x, for its shape.
#pragma once

#include "models/chosen_samples.hpp"
#include "models/layer.hpp"
#include "models/layers/image_window.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

class avg_pool2d : public layer {
public:
  explicit avg_pool2d(extent2d kernel_size) : avg_pool2d(kernel_size, kernel_size) {}
  avg_pool2d(extent2d kernel_size, extent2d stride, extent2d padding = 0) : window_{kernel_size, stride, padding} {}

  std::string describe() const override { return "avg pool " + describe_window(window_); }
  result<sample_spec> infer(const sample_spec& below) const override { return infer_pooling(below, window_); }
  double multiply_adds(const sample_spec& below) const override { return pooling_cost(below, window_); }
  std::size_t cached_tensors() const override { return 1; }
  bool goes_back_by_samples() const override { return true; }
  void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const override;

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  window2d window_;
};

inline tensor avg_pool2d::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, output_extents(x, window_));
  s.ops().avg_pool2d(s, x, window_, y);
  if (!cache.empty()) cache[0] = x;
  return y;
}

inline tensor avg_pool2d::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, cache[0].extents());
  s.ops().avg_pool2d_backward(s, dy, window_, dx);
  return dx;
}

inline void avg_pool2d::gather_cache(stream&, const chosen_samples& chosen, layer_cache of_all,
                                     layer_cache of_chosen) const {
  of_chosen[0] = shaped_as_chosen(of_all[0], chosen);
}

} // namespace syngrad

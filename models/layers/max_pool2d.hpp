// The largest value of each window, by channel (PyTorch's MaxPool2d): [batch, height, width, channels] -> [batch,
// output height, output width, channels]. A NaN within a window is its largest value. The padding never is.
//
// The cache holds x, for its shape, and where each value was found: there its gradient goes.
#pragma once

#include "models/chosen_samples.hpp"
#include "models/layer.hpp"
#include "models/layers/image_window.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

class max_pool2d : public layer {
public:
  explicit max_pool2d(extent2d kernel_size) : max_pool2d(kernel_size, kernel_size) {}
  max_pool2d(extent2d kernel_size, extent2d stride, extent2d padding = 0) : window_{kernel_size, stride, padding} {}

  std::string describe() const override { return "max pool " + describe_window(window_); }
  result<sample_spec> infer(const sample_spec& below) const override { return infer_pooling(below, window_); }
  double multiply_adds(const sample_spec& below) const override { return pooling_cost(below, window_); }
  std::size_t cached_tensors() const override { return 2; }
  bool goes_back_by_samples() const override { return true; }
  void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const override;

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  window2d window_;
};

inline tensor max_pool2d::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, output_extents(x, window_));
  tensor positions;
  if (!cache.empty()) positions = make_tensor(s, y.extents(), dtype::i32);
  s.ops().max_pool2d(s, x, window_, y, positions ? &positions : nullptr);
  if (!cache.empty()) {
    cache[0] = x;
    cache[1] = std::move(positions);
  }
  return y;
}

inline tensor max_pool2d::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, cache[0].extents());
  s.ops().max_pool2d_backward(s, dy, cache[1], window_, dx);
  return dx;
}

inline void max_pool2d::gather_cache(stream& s, const chosen_samples& chosen, layer_cache of_all,
                                     layer_cache of_chosen) const {
  of_chosen[0] = shaped_as_chosen(of_all[0], chosen);
  of_chosen[1] = gather_samples(s, of_all[1], chosen);
}

} // namespace syngrad

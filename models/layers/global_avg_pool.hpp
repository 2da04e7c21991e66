// The mean over all positions of a sample, by channel: [batch, positions..., channels] -> [batch, channels]. Of images,
// PyTorch's AdaptiveAvgPool2d(1) and Flatten. The cache holds x, for its shape.
#pragma once

#include "models/chosen_samples.hpp"
#include "models/layer.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

class global_avg_pool : public layer {
public:
  std::string describe() const override { return "global avg pool"; }
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override { return 2.0 * static_cast<double>(below.elements()); }
  std::size_t cached_tensors() const override { return 1; }
  bool goes_back_by_samples() const override { return true; }
  void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const override;

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  // One window over all positions, which are taken as one column.
  static tensor as_columns(const tensor& x) {
    const auto batch = x.extents()[0], channels = x.columns();
    return x.view(0, {batch, batch == 0 ? 0 : x.rows() / batch, 1, channels});
  }
  static tensor as_pooled(const tensor& y) { return y.view(0, {y.rows(), 1, 1, y.columns()}); }
  static window2d over(const tensor& columns) { return {.kernel_size = {columns.extents()[1], 1}}; }
};

inline result<sample_spec> global_avg_pool::infer(const sample_spec& below) const {
  if (below.type != dtype::f32 || below.extents.rank() < 2)
    return error::setting("takes positions, of some channels each");
  return sample_spec{{below.features()}};
}

inline tensor global_avg_pool::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  const auto columns = as_columns(x);
  auto y = make_tensor(s, {x.extents()[0], x.columns()});
  auto pooled = as_pooled(y);
  s.ops().avg_pool2d(s, columns, over(columns), pooled);
  if (!cache.empty()) cache[0] = x;
  return y;
}

inline tensor global_avg_pool::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, cache[0].extents());
  auto columns = as_columns(dx);
  s.ops().avg_pool2d_backward(s, as_pooled(dy), over(columns), columns);
  return dx;
}

inline void global_avg_pool::gather_cache(stream&, const chosen_samples& chosen, layer_cache of_all,
                                          layer_cache of_chosen) const {
  of_chosen[0] = shaped_as_chosen(of_all[0], chosen);
}

} // namespace syngrad

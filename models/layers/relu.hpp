// y = max(0, x). The cache holds y: no gradient passes where it is 0.
#pragma once

#include "models/layer.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

class relu : public layer {
public:
  explicit relu(std::int64_t features) : features_(features) {}

  std::string describe() const override { return "relu " + std::to_string(features_); }
  result<sample_spec> infer(const sample_spec& below) const override { return infer_rows(below, features_, features_); }
  double multiply_adds(const sample_spec& below) const override { return 2.0 * static_cast<double>(below.elements()); }
  std::size_t cached_tensors() const override { return 1; }
  bool works_by_position() const override { return true; }
  bool goes_back_by_samples() const override { return true; }

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  std::int64_t features_;
};

inline tensor relu::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, x.extents());
  s.ops().relu(s, x, y);
  if (!cache.empty()) cache[0] = y;
  return y;
}

inline tensor relu::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, dy.extents());
  s.ops().relu_backward(s, dy, cache[0], dx);
  return dx;
}

} // namespace syngrad

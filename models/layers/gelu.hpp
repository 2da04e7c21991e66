// y = x Phi(x), Phi being the standard normal distribution, or its approximation by tanh (Hendrycks and Gimpel,
// arXiv 1606.08415). The cache holds x.
#pragma once

#include "models/layer.hpp"
#include "runtime/operators.hpp"

namespace syngrad {

class gelu : public layer {
public:
  explicit gelu(std::int64_t features, gelu_approximation approximate = gelu_approximation::none)
    : features_(features), approximate_(approximate) {}

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override { return infer_rows(below, features_, features_); }
  double multiply_adds(const sample_spec& below) const override { return 40.0 * static_cast<double>(below.elements()); }
  std::size_t cached_tensors() const override { return 1; }
  bool works_by_position() const override { return true; }
  bool goes_back_by_samples() const override { return true; }

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  std::int64_t features_;
  gelu_approximation approximate_;
};

inline std::string gelu::describe() const {
  return "gelu " + std::to_string(features_) + (approximate_ == gelu_approximation::tanh ? " (tanh)" : "");
}

inline tensor gelu::forward(stream& s, const tensor& x, phase, layer_cache cache) {
  auto y = make_tensor(s, x.extents());
  s.ops().gelu(s, x, approximate_, y);
  if (!cache.empty()) cache[0] = x;
  return y;
}

inline tensor gelu::backward(stream& s, const tensor& dy, layer_cache cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  auto dx = make_tensor(s, dy.extents());
  s.ops().gelu_backward(s, dy, cache[0], approximate_, dx);
  return dx;
}

} // namespace syngrad

// All positions and features of a sample as the features of one row: [batch, positions..., features] -> [batch, all].
// Nothing moves.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class flatten : public layer {
public:
  // `below` [positions..., features]: the shape of a sample.
  explicit flatten(shape below) : below_(below) {}

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec&) const override { return 0; }
  bool goes_back_by_samples() const override { return true; }

  tensor forward(stream&, const tensor& x, phase, layer_cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache, backward_request) override;

private:
  shape below_;
};

inline std::string flatten::describe() const {
  return "flatten " + sample_spec{below_}.to_string();
}

inline result<sample_spec> flatten::infer(const sample_spec& below) const {
  if (below != sample_spec{below_}) return error::setting("takes " + sample_spec{below_}.to_string());
  return sample_spec{{below.elements()}};
}

inline tensor flatten::forward(stream&, const tensor& x, phase, layer_cache) {
  return x.view(0, {x.elements() / below_.elements(), below_.elements()});
}

inline tensor flatten::backward(stream&, const tensor& dy, layer_cache, backward_request wanted) {
  if (!wanted.input_gradient) return {};
  return dy.view(0, shape::of_batch(dy.rows(), below_));
}

} // namespace syngrad

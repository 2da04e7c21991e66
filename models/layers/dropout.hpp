// In training each element becomes zero with probability `rate`, and the others are divided by 1 - rate (Srivastava et
// al., JMLR 15, 2014); evaluation passes all through.
//
// Which elements follows from the seed, the layer's number in the network and how many batches it was trained on: the
// same on every device, whatever the groups. That count is the layer's state, beside its weights, so that training goes
// on elsewhere with the masks that come next. The cache holds the mask, a byte an element: a late backward pass has
// that of its forward pass.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class dropout : public layer {
public:
  explicit dropout(float rate); // 0 <= rate < 1

  std::string describe() const override; // "dropout 0.1"
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::size_t cached_tensors() const override { return 1; }
  bool works_by_position() const override { return true; }
  bool goes_back_by_samples() const override { return true; }

  std::vector<parameter*> parameters() override { return {&generator_}; }
  void initialize(stream&, random_source&) override; // draws the key of its generator

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  parameter generator_;
  float rate_;
};

} // namespace syngrad

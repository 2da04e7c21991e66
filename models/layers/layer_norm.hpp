// Layer normalisation over the features of each row (Ba, Kiros and Hinton, arXiv 1607.06450):
// y = weight (x - mean) / sqrt(variance + epsilon) + bias.
//
// The cache holds x and the rows' statistics.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class layer_norm : public layer {
public:
  explicit layer_norm(std::int64_t features, float epsilon = 1e-5f);

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::size_t cached_tensors() const override { return 2; }
  bool works_by_position() const override { return true; }
  bool goes_back_by_samples() const override { return true; }
  void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const override;

  std::vector<parameter*> parameters() override { return {&weight_, &bias_}; }
  void initialize(stream&, random_source&) override; // one and zero: draws nothing

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  std::int64_t features() const { return weight_.extents[0]; }

  parameter weight_, bias_;
  float epsilon_;
};

} // namespace syngrad

// y = inner(x) + skip(x), then max(0, .) if `relu` (He et al., arXiv 1512.03385). The skip is the identity, or a
// projection: layers that give what the inner ones give.
//
// Parameters are named as by torch.nn.Sequential: "0.weight" of the inner layers, "skip.0.weight" of the skip. The
// cache holds those of both, and y where `relu` needs it.
#pragma once

#include "models/layers/sequential.hpp"

namespace syngrad {

class residual : public layer {
public:
  struct options {
    bool relu = false; // after the sum
  };

  residual(layer_list inner, layer_list skip, options); // an empty skip is the identity

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::int64_t least_samples(const sample_spec& below) const override;
  std::size_t cached_tensors() const override;
  bool works_by_position() const override { return inner_.works_by_position() && skip_.works_by_position(); }
  void continue_evaluations(bool wanted) override {
    inner_.continue_evaluations(wanted);
    skip_.continue_evaluations(wanted);
  }
  std::vector<carrying_part*> carrying_parts() override;
  bool goes_back_by_samples() const override { return inner_.goes_back_by_samples() && skip_.goes_back_by_samples(); }
  void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const override;

  std::vector<parameter*> parameters() override; // the inner ones, then those of the skip
  void initialize(stream&, random_source&) override;

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  sequential inner_, skip_;
  options options_;
};

} // namespace syngrad

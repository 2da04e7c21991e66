// Layers one after the other as one layer, with the parameter names of torch.nn.Sequential: "0.weight", "2.bias". Of
// no layers it is the identity.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class sequential : public layer {
public:
  // `prefix` comes before all names: "skip." makes "skip.0.weight".
  explicit sequential(layer_list layers, const std::string& prefix = {});

  bool empty() const { return layers_.empty(); }

  std::string describe() const override; // "linear 8->8, relu 8"
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::int64_t least_samples(const sample_spec& below) const override;
  std::size_t cached_tensors() const override;
  bool works_by_position() const override;
  void continue_evaluations(bool wanted) override;
  std::vector<carrying_part*> carrying_parts() override;
  bool goes_back_by_samples() const override;
  void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const override;

  std::vector<parameter*> parameters() override;
  void initialize(stream&, random_source&) override;

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  layer_list layers_;
};

} // namespace syngrad

// Batch normalisation of each feature over the rows of a batch (Ioffe and Szegedy, arXiv 1502.03167), optionally with a
// fused max(0, .): y = gamma (x - mean) / sqrt(variance + epsilon) + beta.
//
// In training the batch's own statistics are used and the running ones move by `momentum`; in evaluation the running
// ones are used. The cache holds x, y and the batch's statistics, so a backward pass may come late.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class batch_norm : public layer {
public:
  struct options {
    bool relu = false;
    float momentum = 0.1f; // 0: the running statistics stay as they are
    float epsilon = 1e-5f;
  };

  batch_norm(std::int64_t features, options);

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  // The variance of one row is zero.
  std::int64_t least_samples(const sample_spec& below) const override { return below.rows() > 1 ? 1 : 2; }
  std::size_t cached_tensors() const override { return 3; }
  bool works_by_position() const override { return true; }
  bool goes_back_by_samples() const override { return true; }
  void gather_cache(stream&, const chosen_samples&, layer_cache of_all, layer_cache of_chosen) const override;

  std::vector<parameter*> parameters() override;
  void initialize(stream&, random_source&) override; // draws nothing

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;

private:
  std::int64_t features() const { return gamma_.extents[0]; }

  parameter gamma_, beta_, running_mean_, running_variance_;
  options options_;
};

} // namespace syngrad

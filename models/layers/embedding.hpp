// From numbers to rows of features: y[i] = weight[x[i]], plus position[p] where x[i] is number p of its sample and
// positions are learned.
//
// It takes i32 numbers, so it is the first layer of a network, and gives no gradient of its input. The cache holds x.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class embedding : public layer {
public:
  struct options {
    std::int64_t positions = 0; // learned ones, of samples up to that long; 0: none
    double deviation = 0.02;    // of the normal starting values
  };

  // PyTorch's arguments: numbers from 0 to num_embeddings - 1, each to embedding_dim features.
  embedding(std::int64_t num_embeddings, std::int64_t embedding_dim, const options&);
  embedding(std::int64_t num_embeddings, std::int64_t embedding_dim)
    : embedding(num_embeddings, embedding_dim, options{}) {}

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::size_t cached_tensors() const override { return 1; }
  bool works_by_position() const override { return options_.positions == 0; }
  bool goes_back_by_samples() const override { return true; }

  std::vector<parameter*> parameters() override; // "weight", "position"
  void initialize(stream&, random_source&) override;

  // x i32 [batch, positions...] -> [batch, positions..., features]
  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override; // a null tensor
  void backward_parameters(stream&, int part, const tensor& dy, layer_cache cache, bool accumulate) override;

private:
  std::int64_t entries() const { return weight_.extents[0]; }
  std::int64_t features() const { return weight_.extents[1]; }

  parameter weight_, position_;
  options options_;
};

} // namespace syngrad

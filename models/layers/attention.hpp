// Self-attention of several heads (Vaswani et al., arXiv 1706.03762), as PyTorch's MultiheadAttention:
//
//   [q, k, v] = x in_proj_weight^T + in_proj_bias,   y = attended out_proj.weight^T + out_proj.bias
//
// where each head attends with its own features of q, k and v. The cache holds x, q, k and v, what was attended, and
// a number for each row and head: its memory grows with the context, not with its square.
#pragma once

#include "models/layer.hpp"

namespace syngrad {

class attention : public layer {
public:
  struct options {
    bool causal = false; // a position attends to itself and to those before it
    bool bias = true;
    // Of the normal starting values; biases start at zero.
    double deviation = 0.02;
    double out_deviation = 0.02; // of out_proj; GPT-2: 0.02 / sqrt(2 blocks), for it is added to what is below
  };

  // PyTorch's arguments.
  attention(std::int64_t embed_dim, std::int64_t num_heads, const options&);

  std::string describe() const override;
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::size_t cached_tensors() const override { return 4; }
  bool goes_back_by_samples() const override { return true; }

  std::vector<parameter*> parameters() override;
  void initialize(stream&, random_source&) override;

  // x [batch, context, features] -> likewise
  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;
  void backward_parameters(stream&, int part, const tensor& dy, layer_cache cache, bool accumulate) override;

private:
  std::int64_t features() const { return out_weight_.extents[0]; }

  parameter in_weight_, in_bias_, out_weight_, out_bias_;
  std::int64_t heads_;
  options options_;
};

} // namespace syngrad

// Convolution of images (PyTorch's Conv2d): [batch, height, width, in_channels] -> [batch, output height, output width,
// out_channels].
//
// The weight is [out_channels, kernel height, kernel width, in_channels]; PyTorch's [out_channels, in_channels, kernel
// height, kernel width] is its permutation (0, 3, 1, 2). The cache holds x. Without a bias where a normalisation
// follows: its gradient would be rounding noise there.
#pragma once

#include "models/layer.hpp"
#include "runtime/operators/window.hpp"

namespace syngrad {

class conv2d : public layer {
public:
  struct options {
    extent2d stride = 1;
    extent2d padding = 0;
    bool bias = true;
  };

  // Options by reference: by value, GCC 12 with AVX-512 passes constant ones as { 1, 1, 1, 1 } for { 1, 1, 0, 0 }.
  conv2d(std::int64_t in_channels, std::int64_t out_channels, extent2d kernel_size, const options&);

  std::string describe() const override; // "conv2d 16->32 3x3, stride 2, padding 1"
  result<sample_spec> infer(const sample_spec& below) const override;
  double multiply_adds(const sample_spec& below) const override;
  std::size_t cached_tensors() const override { return 1; }
  bool goes_back_by_samples() const override { return true; }

  std::vector<parameter*> parameters() override;
  // Uniform in +-1/sqrt(in_channels * kernel height * kernel width), weight first, then bias.
  void initialize(stream&, random_source&) override;

  tensor forward(stream&, const tensor& x, phase, layer_cache cache) override;
  tensor backward(stream&, const tensor& dy, layer_cache cache, backward_request) override;
  void backward_parameters(stream&, int part, const tensor& dy, layer_cache cache, bool accumulate) override;

private:
  std::int64_t in_channels() const { return weight_.extents[3]; }
  std::int64_t out_channels() const { return weight_.extents[0]; }

  window2d window_;
  parameter weight_, bias_;
  bool with_bias_;
};

} // namespace syngrad

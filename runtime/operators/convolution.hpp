// Convolutions over two axes of positions, channels last (torch.nn.functional.conv2d, without dilation and groups):
// y[n, i, j, o] = bias[o] + sum over k, l, c of x[n, i stride + k - padding, j stride + l - padding, c] weight[o, k, l,
// c], where x outside of the image is zero.
//
// The weight is channels-last as well: [out, kernel height, kernel width, in]. PyTorch's [out, in, kernel height,
// kernel width] is its permutation (0, 3, 1, 2).
#pragma once

#include "runtime/operators/window.hpp"

namespace syngrad {

class stream;
class tensor;

struct conv2d_arguments {
  const tensor& x;      // [batch, height, width, in]
  const tensor& weight; // [out, kernel height, kernel width, in]
  const tensor* bias;   // [out]; null: none
  tensor& y;            // [batch, output height, output width, out]
  window2d window;
};

struct conv2d_backward_arguments {
  const tensor& dy;
  const tensor& x;
  const tensor& weight;
  window2d window;
  tensor* dx = nullptr;      // null: not wanted
  tensor* dweight = nullptr; // likewise
  tensor* dbias = nullptr;   // together with dweight only
  bool accumulate = false;   // add to dweight and dbias instead of overwriting them
};

class convolution_operators {
public:
  virtual void conv2d(stream&, const conv2d_arguments&) = 0;
  virtual void conv2d_backward(stream&, const conv2d_backward_arguments&) = 0;

protected:
  ~convolution_operators() = default;
};

} // namespace syngrad

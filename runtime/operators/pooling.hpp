// Pooling over two axes of positions, channels last (torch.nn.functional.max_pool2d and avg_pool2d). At least one
// position of each window lies within the image: the padding is at most half of the kernel.
//
// A NaN is larger than all numbers; of equal numbers the first counts, in the order of positions, of NaNs the last. A
// mean divides by the size of the window, padding included.
#pragma once

#include "runtime/operators/window.hpp"

namespace syngrad {

class stream;
class tensor;

class pooling_operators {
public:
  // x [batch, height, width, channels] -> y [batch, output height, output width, channels]. `positions` (i32, shaped as
  // y; null: not wanted) receives where each maximum was found: row * width + column of the image.
  virtual void max_pool2d(stream&, const tensor& x, const window2d&, tensor& y, tensor* positions) = 0;
  virtual void max_pool2d_backward(stream&, const tensor& dy, const tensor& positions, const window2d&, tensor& dx) = 0;

  virtual void avg_pool2d(stream&, const tensor& x, const window2d&, tensor& y) = 0;
  virtual void avg_pool2d_backward(stream&, const tensor& dy, const window2d&, tensor& dx) = 0;

protected:
  ~pooling_operators() = default;
};

} // namespace syngrad

// A window that moves over images, as kernels see it.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators/window.hpp"
#include "runtime/tensor.hpp"

namespace syngrad::cuda::kernels {

// 32 bits, of positions: a GPU divides them several times as fast.
struct window_axis {
  std::int32_t input, output, kernel, stride, padding;

  SYNGRAD_HOST_DEVICE std::int32_t first_input(std::int32_t at) const {
    const auto first = at * stride - padding;
    return first < 0 ? 0 : first;
  }
  SYNGRAD_HOST_DEVICE std::int32_t end_of_inputs(std::int32_t at) const {
    const auto end = at * stride - padding + kernel;
    return end < input ? end : input;
  }
  SYNGRAD_HOST_DEVICE std::int32_t first_output(std::int32_t at) const {
    return at + padding < kernel ? 0 : (at + padding - kernel) / stride + 1;
  }
  SYNGRAD_HOST_DEVICE std::int32_t end_of_outputs(std::int32_t at) const {
    const auto end = (at + padding) / stride + 1;
    return end < output ? end : output;
  }
};

// Of a row of activations.
struct image_position {
  std::int32_t image, row, column;
};

SYNGRAD_HOST_DEVICE inline image_position position_of(std::int64_t row, std::int32_t height, std::int32_t width) {
  const auto position = static_cast<std::int32_t>(row), line = position / width;
  return {line / height, line % height, position % width};
}

struct sliding_window {
  window_axis height, width;
  std::int64_t channels; // of the images
};

// `large` [batch, height, width, channels] is the input or its gradient, `small` the output or its own.
inline sliding_window sliding_over(const tensor& large, const tensor& small, const window2d& window) {
  const auto &in = large.extents(), &out = small.extents();
  assert(in.rank() == 4 && out.rank() == 4 && in[0] == out[0] &&
         window.output_of({in[1], in[2]}) == extent2d(out[1], out[2]));
  const auto axis = [](auto... numbers) { return window_axis{static_cast<std::int32_t>(numbers)...}; };
  return {axis(in[1], out[1], window.kernel_size.height, window.stride.height, window.padding.height),
          axis(in[2], out[2], window.kernel_size.width, window.stride.width, window.padding.width), in[3]};
}

} // namespace syngrad::cuda::kernels

// Pooling: forward each output looks at its window, backward each input at the windows over it. No two threads write to
// one place, and all sums have a fixed order.
#pragma once

#include "runtime/cuda/kernels/sliding_window.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

struct max_pool2d_kernel {
  const float* x;
  float* y;
  std::int32_t* positions; // may be null
  sliding_window of;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t element) const {
    const auto row = element / of.channels, channel = element % of.channels;
    const auto at = position_of(row, of.height.output, of.width.output);
    const auto* const image = x + std::int64_t{at.image} * of.height.input * of.width.input * of.channels + channel;
    auto where = of.height.first_input(at.row) * of.width.input + of.width.first_input(at.column);
    auto largest = image[where * of.channels];
    for (auto i = of.height.first_input(at.row); i < of.height.end_of_inputs(at.row); ++i)
      for (auto j = of.width.first_input(at.column); j < of.width.end_of_inputs(at.column); ++j) {
        const auto here = image[(i * of.width.input + j) * of.channels];
        if (!(here > largest || here != here)) continue; // nothing is larger than a NaN
        largest = here;
        where = i * of.width.input + j;
      }
    y[element] = largest;
    if (positions) positions[element] = where;
  }
};

struct max_pool2d_backward_kernel {
  const float* dy;
  const std::int32_t* positions;
  float* dx;
  sliding_window of;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t element) const {
    const auto row = element / of.channels, channel = element % of.channels;
    const auto at = position_of(row, of.height.input, of.width.input);
    const auto number = at.row * of.width.input + at.column;
    float sum = 0;
    for (auto i = of.height.first_output(at.row); i < of.height.end_of_outputs(at.row); ++i)
      for (auto j = of.width.first_output(at.column); j < of.width.end_of_outputs(at.column); ++j) {
        const auto above =
          ((std::int64_t{at.image} * of.height.output + i) * of.width.output + j) * of.channels + channel;
        if (positions[above] == number) sum += dy[above];
      }
    dx[element] = sum;
  }
};

struct avg_pool2d_kernel {
  const float* x;
  float* y;
  sliding_window of;
  float share;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t element) const {
    const auto row = element / of.channels, channel = element % of.channels;
    const auto at = position_of(row, of.height.output, of.width.output);
    const auto* const image = x + std::int64_t{at.image} * of.height.input * of.width.input * of.channels + channel;
    float sum = 0;
    for (auto i = of.height.first_input(at.row); i < of.height.end_of_inputs(at.row); ++i)
      for (auto j = of.width.first_input(at.column); j < of.width.end_of_inputs(at.column); ++j)
        sum += image[(i * of.width.input + j) * of.channels];
    y[element] = sum * share;
  }
};

struct avg_pool2d_backward_kernel {
  const float* dy;
  float* dx;
  sliding_window of;
  float share;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t element) const {
    const auto row = element / of.channels, channel = element % of.channels;
    const auto at = position_of(row, of.height.input, of.width.input);
    float sum = 0;
    for (auto i = of.height.first_output(at.row); i < of.height.end_of_outputs(at.row); ++i)
      for (auto j = of.width.first_output(at.column); j < of.width.end_of_outputs(at.column); ++j)
        sum += dy[((std::int64_t{at.image} * of.height.output + i) * of.width.output + j) * of.channels + channel];
    dx[element] = sum * share;
  }
};

inline float share_of(const window2d& window) {
  return 1.0f / static_cast<float>(window.kernel_size.positions());
}

template <class Launcher>
void max_pool2d(Launcher& on, const tensor& x, const window2d& window, tensor& y, tensor* positions) {
  assert(!positions || positions->elements() == y.elements());
  on.each(y.elements(),
          max_pool2d_kernel{x.f32(), y.f32(), positions ? positions->i32() : nullptr, sliding_over(x, y, window)});
}

template <class Launcher>
void max_pool2d_backward(Launcher& on, const tensor& dy, const tensor& positions, const window2d& window, tensor& dx) {
  on.each(dx.elements(), max_pool2d_backward_kernel{dy.f32(), positions.i32(), dx.f32(), sliding_over(dx, dy, window)});
}

template <class Launcher>
void avg_pool2d(Launcher& on, const tensor& x, const window2d& window, tensor& y) {
  on.each(y.elements(), avg_pool2d_kernel{x.f32(), y.f32(), sliding_over(x, y, window), share_of(window)});
}

template <class Launcher>
void avg_pool2d_backward(Launcher& on, const tensor& dy, const window2d& window, tensor& dx) {
  on.each(dx.elements(),
          avg_pool2d_backward_kernel{dy.f32(), dx.f32(), sliding_over(dx, dy, window), share_of(window)});
}

} // namespace syngrad::cuda::kernels

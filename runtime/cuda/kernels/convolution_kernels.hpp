// Convolutions as products: the windows of an image become the rows of a matrix (im2col), [batch * output positions,
// kernel height * kernel width * channels], which is multiplied by the weight.
#pragma once

#include "runtime/cuda/kernels/rows_kernels.hpp"
#include "runtime/cuda/kernels/sliding_window.hpp"

#include <algorithm>

namespace syngrad::cuda::kernels {

struct gather_windows_kernel {
  const float* x;
  float* windows;
  sliding_window of;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    const auto channels = static_cast<std::int32_t>(of.channels), element = static_cast<std::int32_t>(column);
    const auto in_window = element / channels;
    const auto at = position_of(row, of.height.output, of.width.output);
    const auto i = at.row * of.height.stride - of.height.padding + in_window / of.width.kernel;
    const auto j = at.column * of.width.stride - of.width.padding + in_window % of.width.kernel;
    const bool inside = i >= 0 && i < of.height.input && j >= 0 && j < of.width.input;
    const auto from = (std::int64_t{at.image} * of.height.input + i) * of.width.input + j;
    const auto elements = std::int64_t{of.height.kernel} * of.width.kernel * channels;
    windows[row * elements + column] = inside ? x[from * channels + element % channels] : 0.0f;
  }
};

// The transpose of gathering: each element of dx is the sum over the windows that lie over it, in their order.
struct add_windows_kernel {
  const float* windows;
  float* dx;
  sliding_window of;

  SYNGRAD_HOST_DEVICE void operator()(std::int64_t element) const {
    const auto row = element / of.channels, channel = element % of.channels;
    const auto at = position_of(row, of.height.input, of.width.input);
    const auto elements = std::int64_t{of.height.kernel} * of.width.kernel * of.channels;
    float sum = 0;
    for (auto i = of.height.first_output(at.row); i < of.height.end_of_outputs(at.row); ++i)
      for (auto j = of.width.first_output(at.column); j < of.width.end_of_outputs(at.column); ++j) {
        const auto window = (std::int64_t{at.image} * of.height.output + i) * of.width.output + j;
        const auto k = at.row + of.height.padding - i * of.height.stride;
        const auto l = at.column + of.width.padding - j * of.width.stride;
        sum += windows[window * elements + (k * of.width.kernel + l) * of.channels + channel];
      }
    dx[element] = sum;
  }
};

// A convolution cut into slices of whole images, whose matrix of windows is not larger than `most_elements`. The
// operands may be gradients.
class sliced_convolution {
public:
  static constexpr std::int64_t most_elements = std::int64_t{1} << 24; // 64 MiB

  sliced_convolution(const tensor& x, const tensor& y, const window2d& window)
    : of_(sliding_over(x, y, window)), images_(x.extents()[0]), input_(x.extents()[1], x.extents()[2]),
      output_(y.extents()[1], y.extents()[2]), elements_(window.kernel_size.positions() * of_.channels),
      moves_nothing_(window == window2d{.kernel_size = 1}) {
    const auto of_image = std::max<std::int64_t>(output_.positions() * elements_, 1);
    slice_ = std::clamp<std::int64_t>(most_elements / of_image, 1, std::max<std::int64_t>(images_, 1));
  }

  // Calls work(x, y, whether it is the first slice) for each slice, as matrices of rows.
  template <class Work>
  void for_slices(const tensor& x, const tensor& y, Work work) const {
    for (std::int64_t first = 0; first < images_; first += slice_) {
      const auto count = std::min(slice_, images_ - first);
      work(part(x, first, count, input_), part(y, first, count, output_), first == 0);
    }
  }

  // The windows of a slice of x: x itself where each is one position.
  template <class Launcher>
  tensor gather(Launcher& on, const tensor& x) const {
    auto windows = room(on, x);
    if (!moves_nothing_) on.grid(windows.rows(), elements_, gather_windows_kernel{x.f32(), windows.f32(), of_});
    return windows;
  }
  // Room for the gradients of the windows of a slice, and their sums by position.
  template <class Launcher>
  tensor room(Launcher& on, const tensor& x) const {
    return moves_nothing_ ? x : on.scratch({x.rows() / input_.positions() * output_.positions(), elements_});
  }
  template <class Launcher>
  void add(Launcher& on, const tensor& windows, const tensor& dx) const {
    if (!moves_nothing_) on.each(dx.elements(), add_windows_kernel{windows.f32(), dx.f32(), of_});
  }

private:
  static tensor part(const tensor& of, std::int64_t first, std::int64_t count, extent2d positions) {
    const auto columns = of.columns(), rows = positions.positions();
    return of.view(first * rows * columns, {count * rows, columns});
  }

  sliding_window of_;
  std::int64_t images_;
  extent2d input_, output_;
  std::int64_t elements_; // of a window
  bool moves_nothing_;
  std::int64_t slice_; // images
};

inline tensor weight_matrix(const tensor& weight) {
  const auto out = weight.extents()[0];
  return weight.view(0, {out, out == 0 ? 0 : weight.elements() / out});
}

// `matmul` takes matmul_arguments.
template <class Launcher, class Matmul>
void conv2d(Launcher& on, const conv2d_arguments& of, Matmul matmul) {
  const sliced_convolution sliced(of.x, of.y, of.window);
  const auto weight = weight_matrix(of.weight);
  sliced.for_slices(of.x, of.y, [&](const tensor& x, tensor y, bool) {
    const auto windows = sliced.gather(on, x);
    matmul({.a = windows,
            .transpose_a = transpose::no,
            .b = weight,
            .transpose_b = transpose::yes,
            .c = y,
            .bias = of.bias});
  });
}

template <class Launcher, class Matmul>
void conv2d_backward(Launcher& on, const conv2d_backward_arguments& of, Matmul matmul) {
  assert((!of.dbias || of.dweight) && "the bias's gradient comes with that of the weight");
  const sliced_convolution sliced(of.x, of.dy, of.window);
  const auto weight = weight_matrix(of.weight);
  if (of.dweight) {
    auto dweight = weight_matrix(*of.dweight);
    if (of.x.extents()[0] == 0 && !of.accumulate) fill(on, dweight, 0);
    sliced.for_slices(of.x, of.dy, [&](const tensor& x, const tensor& dy, bool first) {
      const auto windows = sliced.gather(on, x);
      matmul({.a = dy,
              .transpose_a = transpose::yes,
              .b = windows,
              .transpose_b = transpose::no,
              .c = dweight,
              .beta = first && !of.accumulate ? 0.0f : 1.0f});
    });
  }
  if (of.dbias) sum_rows(on, of.dy, of.accumulate ? 1.0f : 0.0f, *of.dbias, nullptr);
  if (!of.dx) return;
  sliced.for_slices(*of.dx, of.dy, [&](const tensor& dx, const tensor& dy, bool) {
    auto windows = sliced.room(on, dx);
    matmul({.a = dy, .transpose_a = transpose::no, .b = weight, .transpose_b = transpose::no, .c = windows});
    sliced.add(on, windows, dx);
  });
}

} // namespace syngrad::cuda::kernels

// Loops over windows, vectorised over the channels. oneDNN's maximum loses a NaN.
#include "runtime/cpu/cpu_operators.hpp"

#include <algorithm>

namespace syngrad::cpu {

namespace {

struct index_range {
  std::int64_t first, end;
};

// Along one axis, the inputs under the window at `output` that are not padding.
index_range inputs_under(std::int64_t output, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                         std::int64_t inputs) {
  const auto first = output * stride - padding;
  return {std::max<std::int64_t>(first, 0), std::min(first + kernel, inputs)};
}

// The extents of a pooling, and calls for each window, in order.
struct pooled_images {
  pooled_images(const tensor& large, const tensor& small, const window2d& with)
    : images(large.extents()[0]), channels(large.extents()[3]), input(large.extents()[1], large.extents()[2]),
      output(small.extents()[1], small.extents()[2]), window(with) {
    assert(large.extents().rank() == 4 && small.extents().rank() == 4 && small.extents()[0] == images &&
           small.extents()[3] == channels && window.output_of(input) == output);
  }

  // start(number of the image); then at(row of the small tensor, first row of the image in the large one, rows,
  // columns) for each of its windows.
  template <class Start, class Window>
  void for_windows(Start start, Window at) const {
    std::int64_t small_row = 0;
    for (std::int64_t image = 0; image < images; ++image) {
      start(image);
      for (std::int64_t i = 0; i < output.height; ++i) {
        const auto rows = rows_under(i);
        for (std::int64_t j = 0; j < output.width; ++j)
          at(small_row++, image * input.positions(), rows, columns_under(j));
      }
    }
  }

  // Of the input, under output row i or column j.
  index_range rows_under(std::int64_t i) const {
    return inputs_under(i, window.kernel_size.height, window.stride.height, window.padding.height, input.height);
  }
  index_range columns_under(std::int64_t j) const {
    return inputs_under(j, window.kernel_size.width, window.stride.width, window.padding.width, input.width);
  }

  // visit(position) for each input of a window: row * width + column.
  template <class Visit>
  void for_positions(index_range rows, index_range columns, Visit visit) const {
    for (auto row = rows.first; row < rows.end; ++row)
      for (auto column = columns.first; column < columns.end; ++column) visit(row * input.width + column);
  }

  std::int64_t images, channels;
  extent2d input, output;
  window2d window;
};

template <bool Positions>
void find_maxima(const pooled_images& of, const float* x, float* y, std::int32_t* positions) {
  of.for_windows([](std::int64_t) {},
                 [&](std::int64_t small_row, std::int64_t first_row, index_range rows, index_range columns) {
                   auto* const largest = y + small_row * of.channels;
                   auto* const where = Positions ? positions + small_row * of.channels : nullptr;
                   const auto first = rows.first * of.input.width + columns.first;
                   std::copy_n(x + (first_row + first) * of.channels, of.channels, largest);
                   if (Positions) std::fill_n(where, of.channels, static_cast<std::int32_t>(first));
                   of.for_positions(rows, columns, [&](std::int64_t position) {
                     const auto* const here = x + (first_row + position) * of.channels;
                     const auto number = static_cast<std::int32_t>(position);
#pragma omp simd
                     for (std::int64_t c = 0; c < of.channels; ++c) {
                       const bool taken =
                         here[c] > largest[c] || here[c] != here[c]; // a NaN stays one: nothing is larger
                       largest[c] = taken ? here[c] : largest[c];
                       if (Positions) where[c] = taken ? number : where[c];
                     }
                   });
                 });
}

void zero_image(const pooled_images& of, std::int64_t image, float* dx) {
  const auto elements = of.input.positions() * of.channels;
  std::fill_n(dx + image * elements, elements, 0.0f);
}

void spread_maxima(const pooled_images& of, const float* dy, const std::int32_t* positions, float* dx) {
  of.for_windows([&](std::int64_t image) { zero_image(of, image, dx); },
                 [&](std::int64_t small_row, std::int64_t first_row, index_range rows, index_range columns) {
                   const auto* const above = dy + small_row * of.channels;
                   const auto* const where = positions + small_row * of.channels;
                   of.for_positions(rows, columns, [&](std::int64_t position) {
                     auto* const below = dx + (first_row + position) * of.channels;
                     const auto number = static_cast<std::int32_t>(position);
#pragma omp simd
                     for (std::int64_t c = 0; c < of.channels; ++c) {
                       const auto passed = above[c];
                       below[c] += where[c] == number ? passed : 0.0f;
                     }
                   });
                 });
}

// Row by row of the input, as it lies in memory.
void find_means(const pooled_images& of, const float* x, float* y) {
  const auto share = 1.0f / static_cast<float>(of.window.kernel_size.positions());
  const auto line = of.output.width * of.channels;
  for (std::int64_t small_line = 0; small_line < of.images * of.output.height; ++small_line, y += line) {
    const auto* const image = x + small_line / of.output.height * of.input.positions() * of.channels;
    const auto rows = of.rows_under(small_line % of.output.height);
    std::fill_n(y, line, 0.0f);
    for (auto row = rows.first; row < rows.end; ++row)
      for (std::int64_t j = 0; j < of.output.width; ++j) {
        const auto columns = of.columns_under(j);
        auto* const sum = y + j * of.channels;
        for (auto column = columns.first; column < columns.end; ++column) {
          const auto* const here = image + (row * of.input.width + column) * of.channels;
#pragma omp simd
          for (std::int64_t c = 0; c < of.channels; ++c) sum[c] += here[c];
        }
      }
#pragma omp simd
    for (std::int64_t c = 0; c < line; ++c) y[c] *= share;
  }
}

void spread_means(const pooled_images& of, const float* dy, float* dx) {
  const auto share = 1.0f / static_cast<float>(of.window.kernel_size.positions());
  of.for_windows([&](std::int64_t image) { zero_image(of, image, dx); },
                 [&](std::int64_t small_row, std::int64_t first_row, index_range rows, index_range columns) {
                   const auto* const above = dy + small_row * of.channels;
                   of.for_positions(rows, columns, [&](std::int64_t position) {
                     auto* const below = dx + (first_row + position) * of.channels;
#pragma omp simd
                     for (std::int64_t c = 0; c < of.channels; ++c) below[c] += above[c] * share;
                   });
                 });
}

} // namespace

void cpu_operators::max_pool2d(stream& s, const tensor& x, const window2d& window, tensor& y, tensor* positions) {
  const pooled_images of(x, y, window);
  assert(!positions || positions->elements() == y.elements());
  host(s).launch([of, in = x.f32(), out = y.f32(), where = positions ? positions->i32() : nullptr] {
    (where ? find_maxima<true> : find_maxima<false>)(of, in, out, where);
  });
}

void cpu_operators::max_pool2d_backward(stream& s, const tensor& dy, const tensor& positions, const window2d& window,
                                        tensor& dx) {
  const pooled_images of(dx, dy, window);
  host(s).launch(
    [of, above = dy.f32(), where = positions.i32(), below = dx.f32()] { spread_maxima(of, above, where, below); });
}

void cpu_operators::avg_pool2d(stream& s, const tensor& x, const window2d& window, tensor& y) {
  const pooled_images of(x, y, window);
  host(s).launch([of, in = x.f32(), out = y.f32()] { find_means(of, in, out); });
}

void cpu_operators::avg_pool2d_backward(stream& s, const tensor& dy, const window2d& window, tensor& dx) {
  const pooled_images of(dx, dy, window);
  host(s).launch([of, above = dy.f32(), below = dx.f32()] { spread_means(of, above, below); });
}

} // namespace syngrad::cpu

// Convolutions and pooling once more: plain, obvious, slow, in double. Images are matrices of positions, one after the
// other, image by image.
#pragma once

#include "runtime/operators/window.hpp"
#include "tests/runtime/matrix.hpp"

#include <cstdint>

namespace syngrad::reference {

struct image_case {
  std::int64_t batch, in, out; // channels
  extent2d input;
  window2d window;

  extent2d output() const { return window.output_of(input); }
  std::int64_t window_elements() const { return window.kernel_size.positions() * in; }
};

// Calls visit(row of y, row of x, position in the window) for each position of each window that lies within the image.
template <class Visit>
void for_each_pair(const image_case& of, Visit visit) {
  const auto output = of.output();
  for (std::int64_t n = 0; n < of.batch; ++n)
    for (std::int64_t i = 0; i < output.height; ++i)
      for (std::int64_t j = 0; j < output.width; ++j)
        for (std::int64_t k = 0; k < of.window.kernel_size.height; ++k)
          for (std::int64_t l = 0; l < of.window.kernel_size.width; ++l) {
            const auto row = i * of.window.stride.height + k - of.window.padding.height;
            const auto column = j * of.window.stride.width + l - of.window.padding.width;
            if (row < 0 || row >= of.input.height || column < 0 || column >= of.input.width) continue;
            visit((n * output.height + i) * output.width + j, (n * of.input.height + row) * of.input.width + column,
                  k * of.window.kernel_size.width + l);
          }
}

// weight [out, positions of the window * in], bias [1, out]
inline matrix conv2d(const image_case& of, const matrix& x, const matrix& weight, const matrix& bias) {
  matrix y(of.batch * of.output().positions(), of.out);
  for (std::int64_t r = 0; r < y.rows; ++r)
    for (std::int64_t o = 0; o < of.out; ++o) y(r, o) = bias(0, o);
  for_each_pair(of, [&](std::int64_t to, std::int64_t from, std::int64_t position) {
    for (std::int64_t o = 0; o < of.out; ++o)
      for (std::int64_t c = 0; c < of.in; ++c) y(to, o) += x(from, c) * weight(o, position * of.in + c);
  });
  return y;
}

struct conv2d_gradients {
  matrix dx, dweight, dbias;
};

inline conv2d_gradients conv2d_backward(const image_case& of, const matrix& dy, const matrix& x, const matrix& weight) {
  conv2d_gradients out{matrix(x.rows, x.columns), matrix(weight.rows, weight.columns), matrix(1, of.out)};
  for (std::int64_t r = 0; r < dy.rows; ++r)
    for (std::int64_t o = 0; o < of.out; ++o) out.dbias(0, o) += dy(r, o);
  for_each_pair(of, [&](std::int64_t to, std::int64_t from, std::int64_t position) {
    for (std::int64_t o = 0; o < of.out; ++o)
      for (std::int64_t c = 0; c < of.in; ++c) {
        out.dx(from, c) += dy(to, o) * weight(o, position * of.in + c);
        out.dweight(o, position * of.in + c) += dy(to, o) * x(from, c);
      }
  });
  return out;
}

struct maxima {
  matrix y, positions; // row of x, for each
};

inline maxima max_pool2d(const image_case& of, const matrix& x) {
  const auto rows = of.batch * of.output().positions();
  maxima out{matrix(rows, of.in), matrix(rows, of.in, -1)};
  for_each_pair(of, [&](std::int64_t to, std::int64_t from, std::int64_t) {
    for (std::int64_t c = 0; c < of.in; ++c) {
      const bool is_first = out.positions(to, c) < 0;
      const bool is_larger = x(from, c) > out.y(to, c) || std::isnan(x(from, c));
      if (!is_first && !is_larger) continue;
      out.y(to, c) = x(from, c);
      out.positions(to, c) = static_cast<double>(from);
    }
  });
  return out;
}

inline matrix max_pool2d_backward(const image_case& of, const matrix& dy, const matrix& positions) {
  matrix dx(of.batch * of.input.positions(), of.in);
  for (std::int64_t r = 0; r < dy.rows; ++r)
    for (std::int64_t c = 0; c < of.in; ++c) dx(static_cast<std::int64_t>(positions(r, c)), c) += dy(r, c);
  return dx;
}

inline matrix avg_pool2d(const image_case& of, const matrix& x) {
  matrix y(of.batch * of.output().positions(), of.in);
  for_each_pair(of, [&](std::int64_t to, std::int64_t from, std::int64_t) {
    for (std::int64_t c = 0; c < of.in; ++c)
      y(to, c) += x(from, c) / static_cast<double>(of.window.kernel_size.positions());
  });
  return y;
}

inline matrix avg_pool2d_backward(const image_case& of, const matrix& dy) {
  matrix dx(of.batch * of.input.positions(), of.in);
  for_each_pair(of, [&](std::int64_t to, std::int64_t from, std::int64_t) {
    for (std::int64_t c = 0; c < of.in; ++c)
      dx(from, c) += dy(to, c) / static_cast<double>(of.window.kernel_size.positions());
  });
  return dx;
}

} // namespace syngrad::reference

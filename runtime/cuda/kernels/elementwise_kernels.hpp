// Kernels of one element each.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

struct fill_kernel {
  float* out;
  float value;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = value; }
};

struct scale_kernel {
  float* out;
  float factor;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] *= factor; }
};

struct add_kernel {
  const float* in;
  float factor;
  float* out;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] += factor * in[i]; }
};

struct subtract_kernel {
  const float *a, *b;
  float* out;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = a[i] - b[i]; }
};

// In this order a NaN stays one.
SYNGRAD_HOST_DEVICE inline float relu_of(float x) {
  return x < 0 ? 0.0f : x;
}

struct relu_kernel {
  const float* in;
  float* out;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = relu_of(in[i]); }
};

// What passes from above: nothing where the output y was zero.
SYNGRAD_HOST_DEVICE inline float relu_gradient(float above, float y) {
  return y == 0 ? 0.0f : above;
}

struct relu_backward_kernel {
  const float *above, *y;
  float* below;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { below[i] = relu_gradient(above[i], y[i]); }
};

// Infinity minus itself is no number, and a NaN equals nothing.
SYNGRAD_HOST_DEVICE inline bool is_finite(float x) {
  return x - x == 0;
}

// Whether what lives longer than a batch may change. Null: it may.
SYNGRAD_HOST_DEVICE inline bool lets_pass(const float* guard) {
  return !guard || is_finite(*guard);
}

struct zero_unless_finite_kernel {
  const float* guard;
  float* out;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    if (!lets_pass(guard)) out[i] = 0;
  }
};

struct copy_block_kernel {
  const float* in;
  float* out; // where the block begins
  std::int64_t columns, stride;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    out[row * stride + column] = in[row * columns + column];
  }
};

template <class Launcher>
void fill(Launcher& on, tensor& target, float value) {
  on.each(target.elements(), fill_kernel{target.f32(), value});
}

template <class Launcher>
void scale(Launcher& on, tensor& target, float factor) {
  on.each(target.elements(), scale_kernel{target.f32(), factor});
}

template <class Launcher>
void add(Launcher& on, const tensor& source, float factor, tensor& target) {
  assert(source.elements() == target.elements());
  on.each(target.elements(), add_kernel{source.f32(), factor, target.f32()});
}

template <class Launcher>
void subtract(Launcher& on, const tensor& a, const tensor& b, tensor& out) {
  assert(a.elements() == out.elements() && b.elements() == out.elements());
  on.each(out.elements(), subtract_kernel{a.f32(), b.f32(), out.f32()});
}

template <class Launcher>
void relu(Launcher& on, const tensor& x, tensor& y) {
  assert(x.elements() == y.elements());
  on.each(y.elements(), relu_kernel{x.f32(), y.f32()});
}

template <class Launcher>
void relu_backward(Launcher& on, const tensor& dy, const tensor& y, tensor& dx) {
  assert(dy.elements() == dx.elements() && y.elements() == dx.elements());
  on.each(dx.elements(), relu_backward_kernel{dy.f32(), y.f32(), dx.f32()});
}

template <class Launcher>
void zero_unless_finite(Launcher& on, const tensor& guard, tensor& target) {
  assert(guard.elements() == 1);
  on.each(target.elements(), zero_unless_finite_kernel{guard.f32(), target.f32()});
}

template <class Launcher>
void copy_block(Launcher& on, const tensor& source, tensor& target, std::int64_t row, std::int64_t column) {
  assert(row + source.rows() <= target.rows() && column + source.columns() <= target.columns());
  const auto stride = target.columns();
  on.grid(source.rows(), source.columns(),
          copy_block_kernel{source.f32(), target.f32() + row * stride + column, source.columns(), stride});
}

template <class Launcher>
void copy_block_transposed(Launcher& on, const tensor& source, tensor& target, std::int64_t row, std::int64_t column) {
  assert(row + source.columns() <= target.rows() && column + source.rows() <= target.columns());
  const auto stride = target.columns();
  on.turn(source.f32(), source.rows(), source.columns(), target.f32() + row * stride + column, stride);
}

} // namespace syngrad::cuda::kernels

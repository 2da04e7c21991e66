// GELU, exact or by its approximation with tanh, and their gradients.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators.hpp"

#include <cmath>

namespace syngrad::cuda::kernels {

// y = x * share(x)
struct gelu_parts {
  float share, slope; // slope: d share / dx
};

SYNGRAD_HOST_DEVICE inline gelu_parts parts_of_gelu(float x, gelu_approximation how) {
  if (how == gelu_approximation::tanh) {
    constexpr float root = 0.797884561f, cubic = 0.044715f; // sqrt(2 / pi)
    const auto curve = std::tanh(root * (x + cubic * x * x * x));
    return {0.5f * (1 + curve), 0.5f * (1 - curve * curve) * root * (1 + 3 * cubic * x * x)};
  }
  constexpr float root_half = 0.707106781f, density_at_zero = 0.398942280f; // 1 / sqrt(2 pi)
  return {0.5f * std::erfc(-x * root_half), density_at_zero * std::exp(-0.5f * x * x)};
}

struct gelu_kernel {
  const float* x;
  float* y;
  gelu_approximation how;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { y[i] = x[i] * parts_of_gelu(x[i], how).share; }
};

struct gelu_backward_kernel {
  const float *dy, *x;
  float* dx;
  gelu_approximation how;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const auto parts = parts_of_gelu(x[i], how);
    dx[i] = dy[i] * (parts.share + x[i] * parts.slope);
  }
};

template <class Launcher>
void gelu(Launcher& on, const tensor& x, gelu_approximation how, tensor& y) {
  assert(x.elements() == y.elements());
  on.each(y.elements(), gelu_kernel{x.f32(), y.f32(), how});
}

template <class Launcher>
void gelu_backward(Launcher& on, const tensor& dy, const tensor& x, gelu_approximation how, tensor& dx) {
  assert(dy.elements() == dx.elements() && x.elements() == dx.elements());
  on.each(dx.elements(), gelu_backward_kernel{dy.f32(), x.f32(), dx.f32(), how});
}

} // namespace syngrad::cuda::kernels

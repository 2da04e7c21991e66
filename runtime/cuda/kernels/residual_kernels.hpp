// Where the branches of a residual meet.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/launching.hpp"

namespace syngrad::cuda::kernels {

struct sum_branches_kernel {
  const float *a, *b;
  float* y;
  bool relu;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    const auto sum = a[i] + b[i];
    y[i] = relu ? relu_of(sum) : sum;
  }
};

template <class Launcher>
void sum_branches(Launcher& on, const tensor& a, const tensor& b, bool relu, tensor& y) {
  assert(a.elements() == y.elements() && b.elements() == y.elements());
  on.each(y.elements(), sum_branches_kernel{a.f32(), b.f32(), y.f32(), relu});
}

} // namespace syngrad::cuda::kernels

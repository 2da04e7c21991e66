// What a product leaves to kernels: sums over nothing, and epilogues that were not fused into it.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/rows_kernels.hpp"

namespace syngrad::cuda::kernels {

struct epilogue_kernel {
  const float* bias; // may be null
  float* c;
  std::int64_t columns;
  bool relu;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    auto& out = c[row * columns + column];
    const auto value = bias ? out + bias[column] : out;
    out = relu ? relu_of(value) : value;
  }
};

// c = beta * c, where a zero beta does not read it.
struct keep_part_kernel {
  float* c;
  const float* guard; // may be null
  float beta;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    if (lets_pass(guard)) c[i] = blend(beta, c[i], 0);
  }
};

// c = beta * c + product, for a product that went aside because c is guarded.
struct take_product_kernel {
  const float* product;
  float* c;
  const float* guard;
  float beta;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    if (lets_pass(guard)) c[i] = blend(beta, c[i], product[i]);
  }
};

// Bias, ReLU or sums after a product that was made without them.
template <class Launcher>
void finish_product(Launcher& on, const matmul_arguments& of) {
  if (of.bias || of.relu)
    on.grid(of.c.rows(), of.c.columns(),
            epilogue_kernel{of.bias ? of.bias->f32() : nullptr, of.c.f32(), of.c.columns(), of.relu});
  if (of.sums_of_a) sum_rows(on, of.a, 0, *of.sums_of_a, nullptr);
}

template <class Launcher>
void take_product(Launcher& on, const matmul_arguments& of, const tensor& product) {
  on.each(of.c.elements(), take_product_kernel{product.f32(), of.c.f32(), of.guard->f32(), of.beta});
}

template <class Launcher>
void product_over_nothing(Launcher& on, const matmul_arguments& of) {
  on.each(of.c.elements(), keep_part_kernel{of.c.f32(), of.guard ? of.guard->f32() : nullptr, of.beta});
  finish_product(on, of);
}

} // namespace syngrad::cuda::kernels

// What a product leaves to kernels: rounded factors, sums over nothing, and epilogues that were not fused into it.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/cuda/kernels/rows_kernels.hpp"
#include "runtime/device.hpp"

#include <cstring>

namespace syngrad::cuda::kernels {

// Rounding to bfloat16: the upper half of a float, to the nearest, ties to even.
SYNGRAD_HOST_DEVICE inline std::uint16_t to_bfloat16(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  if (x != x) return static_cast<std::uint16_t>(bits >> 16 | 0x40); // rounding could make an infinity of a NaN
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

struct round_kernel {
  const float* in;
  std::uint16_t* out;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const { out[i] = to_bfloat16(in[i]); }
};

// A rounded copy, two bytes an element.
template <class Launcher>
tensor rounded_to_bf16(Launcher& on, const float* x, std::int64_t elements) {
  auto out = on.scratch({(elements + 1) / 2});
  on.each(elements, round_kernel{x, reinterpret_cast<std::uint16_t*>(out.f32())});
  return out;
}

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

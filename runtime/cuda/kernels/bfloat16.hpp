// Rounding to bfloat16: the upper half of a float, to the nearest, ties to even.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/device.hpp"

#include <cstring>

namespace syngrad::cuda::kernels {

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
tensor rounded_to_bf16(Launcher& on, const tensor& x) {
  auto out = on.scratch({(x.elements() + 1) / 2});
  on.each(x.elements(), round_kernel{x.f32(), reinterpret_cast<std::uint16_t*>(out.f32())});
  return out;
}

} // namespace syngrad::cuda::kernels

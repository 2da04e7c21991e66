// Sums over whole tensors, in double: blocks of a fixed length first, then their totals.
#pragma once

#include "runtime/cuda/kernels/launching.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

constexpr std::int64_t summed_block = 8192; // terms that one block of threads sums

constexpr std::int64_t blocks_of(std::int64_t count) {
  return count == 0 ? 1 : (count + summed_block - 1) / summed_block;
}

struct products {
  double ab = 0, aa = 0, bb = 0;
};

SYNGRAD_HOST_DEVICE inline products joined(products x, products y) {
  return {x.ab + y.ab, x.aa + y.aa, x.bb + y.bb};
}

struct agreement_kernel {
  using value = products;

  const float *a, *b;
  products* parts;
  std::int64_t count;

  SYNGRAD_HOST_DEVICE products empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(products& total, std::int64_t block, std::int64_t i) const {
    const auto at = block * summed_block + i;
    if (at >= count) return;
    const double x = a[at], y = b[at];
    total = joined(total, {x * y, x * x, y * y});
  }
  SYNGRAD_HOST_DEVICE products join(products x, products y) const { return joined(x, y); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t block, products total) const { parts[block] = total; }
};

struct agreement_total_kernel {
  using value = products;

  const products* parts;
  float* out;

  SYNGRAD_HOST_DEVICE products empty() const { return {}; }
  SYNGRAD_HOST_DEVICE void add(products& total, std::int64_t, std::int64_t i) const { total = joined(total, parts[i]); }
  SYNGRAD_HOST_DEVICE products join(products x, products y) const { return joined(x, y); }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, products total) const {
    out[0] = static_cast<float>(total.ab);
    out[1] = static_cast<float>(total.aa);
    out[2] = static_cast<float>(total.bb);
  }
};

struct sum_squares_kernel {
  using value = double;

  const float* x;
  double* parts;
  std::int64_t count;

  SYNGRAD_HOST_DEVICE double empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(double& total, std::int64_t block, std::int64_t i) const {
    const auto at = block * summed_block + i;
    if (at < count) total += static_cast<double>(x[at]) * static_cast<double>(x[at]);
  }
  SYNGRAD_HOST_DEVICE double join(double a, double b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t block, double total) const { parts[block] = total; }
};

struct sum_total_kernel {
  using value = double;

  const double* parts;
  float* out;

  SYNGRAD_HOST_DEVICE double empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(double& total, std::int64_t, std::int64_t i) const { total += parts[i]; }
  SYNGRAD_HOST_DEVICE double join(double a, double b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, double total) const { *out = static_cast<float>(total); }
};

// Room for `count` values of a type that tensors do not know; pools align it.
template <class Value, class Launcher>
tensor parts_scratch(Launcher& on, std::int64_t count) {
  return on.scratch({count * std::int64_t{sizeof(Value)} / std::int64_t{sizeof(float)}});
}

template <class Launcher>
void agreement(Launcher& on, const tensor& a, const tensor& b, tensor& out) {
  assert(a.elements() == b.elements() && out.elements() == 3);
  const auto blocks = blocks_of(a.elements());
  const auto scratch = parts_scratch<products>(on, blocks);
  auto* parts = reinterpret_cast<products*>(scratch.f32());
  on.reduce_rows(blocks, summed_block, agreement_kernel{a.f32(), b.f32(), parts, a.elements()});
  on.reduce_rows(1, blocks, agreement_total_kernel{parts, out.f32()});
}

template <class Launcher>
void sum_squares(Launcher& on, const tensor& x, tensor& out) {
  assert(out.elements() == 1);
  const auto blocks = blocks_of(x.elements());
  const auto scratch = parts_scratch<double>(on, blocks);
  auto* parts = reinterpret_cast<double*>(scratch.f32());
  on.reduce_rows(blocks, summed_block, sum_squares_kernel{x.f32(), parts, x.elements()});
  on.reduce_rows(1, blocks, sum_total_kernel{parts, out.f32()});
}

} // namespace syngrad::cuda::kernels

// The inverse of a positive definite matrix by halves:
//
//   [A B ; B' D]^-1,  W = A^-1 B,  S = D - B' W:   [A^-1 + W S^-1 W', -W S^-1 ; -S^-1 W', S^-1]
//
// in place, down to blocks that fit into L1. All but those are products, so that it runs at their rate: two thirds of
// the multiply-adds of one product of the whole matrix.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/device.hpp"

#include <dnnl.h>

#include <algorithm>
#include <stdexcept>

namespace syngrad::cpu {

namespace {

constexpr std::int64_t smallest_halved = 48; // what is no larger is inverted element by element

// Rows `stride` floats apart.
struct square_block {
  float* at;
  std::int64_t size, stride;
  float* row(std::int64_t i) const { return at + i * stride; }
};

// By Gauss and Jordan, without pivots, as all of them are positive.
void invert_small(const square_block& a) {
  for (std::int64_t p = 0; p < a.size; ++p) {
    auto* const pivot_row = a.row(p);
    const auto inverse = 1 / pivot_row[p];
    pivot_row[p] = 1;
#pragma omp simd
    for (std::int64_t j = 0; j < a.size; ++j) pivot_row[j] *= inverse;
    for (std::int64_t i = 0; i < a.size; ++i) {
      if (i == p) continue;
      auto* const row = a.row(i);
      const auto factor = row[p];
      row[p] = 0;
#pragma omp simd
      for (std::int64_t j = 0; j < a.size; ++j) row[j] -= factor * pivot_row[j];
    }
  }
}

// c = beta c + alpha a op(b), with rows so many floats apart.
void block_product(std::int64_t m, std::int64_t n, std::int64_t k, float alpha, const float* a, std::int64_t a_stride,
                   char transpose_b, const float* b, std::int64_t b_stride, float beta, float* c,
                   std::int64_t c_stride) {
  if (dnnl_sgemm('N', transpose_b, m, n, k, alpha, a, a_stride, b, b_stride, beta, c, c_stride) != dnnl_success)
    throw std::runtime_error("oneDNN refused a product of a block");
}

// `scratch`: a third of the block's elements.
void invert_by_halves(const square_block& a, float* scratch) {
  if (a.size <= smallest_halved) return invert_small(a);
  const auto upper = (a.size / 2 + 15) / 16 * 16, lower = a.size - upper;
  const square_block first{a.at, upper, a.stride}, last{a.row(upper) + upper, lower, a.stride};
  auto *const right = a.at + upper, *const below = a.row(upper);
  invert_by_halves(first, scratch);
  auto* const w = scratch; // [upper, lower]
  block_product(upper, lower, upper, 1, first.at, a.stride, 'N', right, a.stride, 0, w, lower);
  block_product(lower, lower, upper, -1, below, a.stride, 'N', w, lower, 1, last.at, a.stride);
  invert_by_halves(last, scratch + upper * lower);
  block_product(upper, lower, lower, -1, w, lower, 'N', last.at, a.stride, 0, right, a.stride);
  block_product(upper, upper, lower, -1, right, a.stride, 'T', w, lower, 1, first.at, a.stride);
  for (std::int64_t i = 0; i < lower; ++i)
    for (std::int64_t j = 0; j < upper; ++j) a.row(upper + i)[j] = a.row(j)[upper + i];
}

bool all_finite(const float* x, std::int64_t count) {
  std::int32_t bad = 0;
#pragma omp simd reduction(+ : bad)
  for (std::int64_t i = 0; i < count; ++i) bad += is_finite(x[i]) ? 0 : 1;
  return bad == 0;
}

} // namespace

void cpu_operators::add_shifted_inverse(stream& s, const tensor& a, float shift, float factor, tensor& sum) {
  const auto n = a.rows();
  assert(a.columns() == n && sum.elements() == n * n);
  // Returned to the pool when this call ends, and given out again only to work that follows on this stream or waits.
  const auto scratch = make_tensor(s, {n * n + n * n / 2 + 64});
  host(s).launch([=, from = a.f32(), copy = scratch.f32(), to = sum.f32()] {
    std::copy_n(from, n * n, copy);
    for (std::int64_t i = 0; i < n; ++i) copy[i * n + i] += shift;
    invert_by_halves({copy, n, n}, copy + n * n);
    if (!all_finite(copy, n * n)) return;
#pragma omp simd
    for (std::int64_t i = 0; i < n * n; ++i) to[i] += factor * copy[i];
  });
}

} // namespace syngrad::cpu

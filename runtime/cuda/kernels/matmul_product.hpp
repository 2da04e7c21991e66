// A matrix product as a library sees it: addresses, extents, and what is done to the output on the way out. Free of
// CUDA headers.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

namespace syngrad::cuda {

enum class factor_type : std::uint8_t {
  f32, // rounded within the product, where the precision is tf32
  bf16,
  exact // f32, whatever the precision
};

// What is fused into a product.
enum class epilogue : std::uint8_t {
  none,
  bias,      // c += bias for each row
  bias_relu, // then max(0, .)
  relu,
  sums_of_a // of op(a), over the inner extent: the bias's gradient where a is the output's
};

// Products of like extents that are made as one: how many, and how many elements lie between one and the next. What is
// fused into a product is there for a single one only.
struct product_batch {
  std::int64_t count = 1, stride_a = 0, stride_b = 0, stride_c = 0;

  friend auto operator<=>(const product_batch&, const product_batch&) = default;
};

// What the choice of an algorithm depends on. Alignments are in bytes, powers of two up to 256.
struct product_kind {
  std::int64_t m, n, k;
  bool transpose_a, transpose_b;
  factor_type factors;
  epilogue after;
  std::uint32_t alignment_a, alignment_b, alignment_c, alignment_vector;
  product_batch batch;

  friend auto operator<=>(const product_kind&, const product_kind&) = default;
};

// c = alpha * op(a) * op(b) + beta * c, row-major and dense: op(a) [m, k], op(b) [k, n], c [m, n].
struct matmul_product {
  std::int64_t m, n, k;
  bool transpose_a, transpose_b;
  factor_type factors;
  const void *a, *b;
  float* c;
  float alpha, beta;
  epilogue after = epilogue::none;
  float* vector = nullptr; // the bias [n], read, or the sums [m], written
  product_batch batch = {};
};

constexpr std::uint32_t most_alignment = 256;

inline std::uint32_t alignment_of(const void* address) {
  const auto value = reinterpret_cast<std::uintptr_t>(address);
  return static_cast<std::uint32_t>(std::min<std::uintptr_t>(value & (~value + 1), most_alignment));
}

inline product_kind kind_of(const matmul_product& of) {
  return {of.m,
          of.n,
          of.k,
          of.transpose_a,
          of.transpose_b,
          of.factors,
          of.after,
          alignment_of(of.a),
          alignment_of(of.b),
          alignment_of(of.c),
          of.vector ? alignment_of(of.vector) : most_alignment,
          of.batch};
}

} // namespace syngrad::cuda

// A product and what is fused into it. Where cuBLASLt has no algorithm for a fusion or a type, the parts follow one
// another instead, with the same result.
#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/bfloat16.hpp"
#include "runtime/cuda/kernels/matmul_kernels.hpp"

namespace syngrad::cuda {

namespace {

matmul_product product_of(const matmul_arguments& of) {
  const bool a_transposed = of.transpose_a == transpose::yes, b_transposed = of.transpose_b == transpose::yes;
  const auto k = a_transposed ? of.a.rows() : of.a.columns();
  assert((k == 0 || (a_transposed ? of.a.columns() : of.a.rows()) == of.c.rows()) && "rows of a and c differ");
  assert((k == 0 || (b_transposed ? of.b.columns() : of.b.rows()) == k) && "inner extents of a and b differ");
  assert((k == 0 || (b_transposed ? of.b.rows() : of.b.columns()) == of.c.columns()) && "columns of b and c differ");
  return {of.c.rows(), of.c.columns(), k,          a_transposed, b_transposed, factor_type::f32,
          of.a.f32(),  of.b.f32(),     of.c.f32(), of.alpha,     of.beta};
}

// Fused sums would be of the factors as the product sees them, perhaps rounded, and sums are of whole floats.
epilogue wanted_epilogue(const matmul_arguments& of, bool rounds) {
  if (of.sums_of_a) return rounds ? epilogue::none : epilogue::sums_of_a;
  if (of.bias) return of.relu ? epilogue::bias_relu : epilogue::bias;
  return of.relu ? epilogue::relu : epilogue::none;
}

float* vector_of(const matmul_arguments& of, epilogue after) {
  if (after == epilogue::sums_of_a) return of.sums_of_a->f32();
  return of.bias ? of.bias->f32() : nullptr;
}

} // namespace

// The library has no condition on the device: a guarded product goes aside, and a kernel takes it or leaves it.
void cuda_operators::matmul(stream& s, const matmul_arguments& of) {
  cuda_launcher on(s, "matmul");
  assert(!of.sums_of_a || (of.transpose_a == transpose::yes && !of.bias && !of.relu));
  assert((!of.guard || (!of.bias && !of.relu && !of.sums_of_a)) && "a guard is of a product alone");
  auto product = product_of(of);
  if (product.k == 0) {
    kernels::product_over_nothing(on, of);
    return;
  }
  tensor rounded_a, rounded_b;
  auto plain = product;
  if (plans_.rounds_to_bf16()) {
    rounded_a = kernels::rounded_to_bf16(on, of.a);
    rounded_b = kernels::rounded_to_bf16(on, of.b);
    product.factors = factor_type::bf16;
    product.a = rounded_a.data();
    product.b = rounded_b.data();
  }
  if (product.m == 0 || product.n == 0) return;
  tensor aside;
  if (of.guard) {
    aside = on.scratch(of.c.extents());
    for (auto* each : {&product, &plain}) {
      each->c = aside.f32();
      each->beta = 0;
    }
  }

  const auto run = [&](matmul_product asked, epilogue after) {
    asked.after = after;
    asked.vector = after == epilogue::none || after == epilogue::relu ? nullptr : vector_of(of, after);
    return plans_.run(on.on(), on.site(), asked);
  };
  const auto wanted = wanted_epilogue(of, plans_.rounds_factors());
  const bool fused = run(product, wanted);
  if (!fused && !run(product, epilogue::none) && !run(plain, epilogue::none))
    fail(on.site(), CUBLAS_STATUS_NOT_SUPPORTED);
  if (!fused || wanted == epilogue::none) kernels::finish_product(on, of);
  if (of.guard) kernels::take_product(on, of, aside);
}

} // namespace syngrad::cuda

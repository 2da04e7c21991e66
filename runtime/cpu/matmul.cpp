// dnnl_sgemm rather than oneDNN's matmul primitive: it runs at the same rate, accumulates, is safe on several threads
// at once, and needs no objects that would have to be kept per shape and thread.
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/host_stream.hpp"

#include <dnnl.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace syngrad::cpu {

namespace {

// The sum over nothing is zero: c = beta * c.
void scale_only(float* c, std::int64_t elements, float beta) {
  if (beta == 0)
    std::fill_n(c, elements, 0.0f);
  else
    for (std::int64_t i = 0; i < elements; ++i) c[i] *= beta;
}

} // namespace

void cpu_operators::matmul(stream& s, const matmul_arguments& of) {
  const bool a_transposed = of.transpose_a == transpose::yes, b_transposed = of.transpose_b == transpose::yes;
  const auto m = of.c.rows(), n = of.c.columns();
  const auto a_columns = of.a.columns(), b_columns = of.b.columns();
  const auto k = a_transposed ? of.a.rows() : a_columns;
  assert((a_transposed ? a_columns : of.a.rows()) == m && "rows of a and c differ");
  assert((b_transposed ? b_columns : of.b.rows()) == k && "inner extents of a and b differ");
  assert((k == 0 || (b_transposed ? of.b.rows() : b_columns) == n) && "columns of b and c differ");
  if (m == 0 || n == 0) return;
  const float *a = of.a.f32(), *b = of.b.f32();
  float* c = of.c.f32();
  const auto alpha = of.alpha, beta = of.beta;
  host(s).launch([=] {
    if (k == 0) return scale_only(c, m * n, beta);
    const auto outcome = dnnl_sgemm(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', m, n, k, alpha, a, a_columns, b,
                                    b_columns, beta, c, n);
    if (outcome != dnnl_success)
      throw std::runtime_error("oneDNN refused a product of " + std::to_string(m) + " x " + std::to_string(n) + " x " +
                               std::to_string(k) + ": status " + std::to_string(outcome));
  });
}

} // namespace syngrad::cpu

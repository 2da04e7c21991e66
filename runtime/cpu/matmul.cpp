// dnnl_sgemm rather than oneDNN's matmul primitive: it runs at the same rate, accumulates, is safe on several threads
// at once, and needs no objects that would have to be kept per shape and thread.
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/device.hpp"

#include <dnnl.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace syngrad::cpu {

namespace {

// Where rows of b are a multiple of 1 KiB apart, oneDNN's AVX2 kernel, which reads b in place, finds its lines evicting
// each other. Measured with 256 rows: a copy with padded rows takes 2 % of the product's time and lets it run 1.2
// (width 256, a transposed) to 2 times (width 1024) as fast. The AVX-512 kernels make such a copy of their own.
constexpr std::int64_t colliding_columns = 256, rows_worth_a_copy = 128;
constexpr std::int64_t padding = 16; // floats: one cache line

bool collides(std::int64_t m, std::int64_t n) {
  return n % colliding_columns == 0 && m >= rows_worth_a_copy;
}

// Of a square whose lower part is not wanted. Thinner strips leave out more of it, and are slower.
constexpr std::int64_t strip_rows = 64;

void copy_padded(const float* from, std::int64_t rows, std::int64_t columns, float* to) {
  for (std::int64_t r = 0; r < rows; ++r) std::copy_n(from + r * columns, columns, to + r * (columns + padding));
}

void add_to_rows(stream& s, const tensor& bias, tensor& c) {
  host(s).launch([from = bias.f32(), to = c.f32(), rows = c.rows(), columns = c.columns()] {
    for (std::int64_t i = 0; i < rows * columns; ++i) to[i] += from[i % columns];
  });
}

} // namespace

cpu_operators::cpu_operators() {
  const auto isa = dnnl_get_effective_cpu_isa();
  pads_rows_ = isa == dnnl_cpu_isa_avx2 || isa == dnnl_cpu_isa_avx2_vnni;
}

// The bias is what the product adds to, where it would add to nothing; the rest are passes of their own.
void cpu_operators::matmul(stream& s, const matmul_arguments& of) {
  assert(!of.sums_of_a || (of.transpose_a == transpose::yes && !of.bias && !of.relu));
  assert((!of.guard || (!of.bias && !of.relu && !of.sums_of_a)) && "a guard is of a product alone");
  const bool starts_from_bias = of.bias && of.beta == 0;
  if (starts_from_bias) fill_rows(s, of.bias, nullptr, nullptr, of.c);
  product(s, of, starts_from_bias ? 1 : of.beta);
  if (of.bias && !starts_from_bias) add_to_rows(s, *of.bias, of.c);
  if (of.relu) relu(s, of.c, of.c);
  if (of.sums_of_a) sum_rows(s, of.a, 0, *of.sums_of_a, nullptr);
}

void cpu_operators::product(stream& s, const matmul_arguments& of, float beta) {
  const bool a_transposed = of.transpose_a == transpose::yes, b_transposed = of.transpose_b == transpose::yes;
  const auto m = of.c.rows(), n = of.c.columns();
  const auto a_columns = of.a.columns(), b_columns = of.b.columns();
  const auto k = a_transposed ? of.a.rows() : a_columns;
  if (m == 0 || n == 0) return;
  // A tensor without rows does not know its columns, so a product over no terms is not checked.
  assert((k == 0 || (a_transposed ? a_columns : of.a.rows()) == m) && "rows of a and c differ");
  assert((k == 0 || (b_transposed ? b_columns : of.b.rows()) == k) && "inner extents of a and b differ");
  assert((k == 0 || (b_transposed ? of.b.rows() : b_columns) == n) && "columns of b and c differ");
  const float *a = of.a.f32(), *b = of.b.f32();
  float* c = of.c.f32();
  const auto alpha = of.alpha;
  const bool pad = pads_rows_ && !b_transposed && collides(m, n);
  const auto scratch = pad ? make_tensor(s, {k, n + padding}) : tensor{};
  assert((!of.upper || m == n) && "only a square has an upper triangle");
  const auto strip = of.upper ? strip_rows : m;
  host(s).launch([=, guard = address_of(of.guard), padded = pad ? scratch.f32() : nullptr] {
    if (!lets_pass(guard)) return;
    if (k == 0) return scale_or_clear(c, m * n, beta); // the sum over nothing is zero
    if (padded) copy_padded(b, k, n, padded);
    const auto stride = padded ? n + padding : b_columns;
    for (std::int64_t row = 0; row < m; row += strip) {
      const auto column = row, rows = std::min(strip, m - row); // a strip begins at the diagonal
      const auto outcome =
        dnnl_sgemm(a_transposed ? 'T' : 'N', b_transposed ? 'T' : 'N', rows, n - column, k, alpha,
                   a + row * (a_transposed ? 1 : a_columns), a_columns,
                   (padded ? padded : b) + column * (b_transposed ? stride : 1), stride, beta, c + row * n + column, n);
      if (outcome != dnnl_success)
        throw std::runtime_error("oneDNN refused a product of " + std::to_string(m) + " x " + std::to_string(n) +
                                 " x " + std::to_string(k) + ": status " + std::to_string(outcome));
    }
  });
}

} // namespace syngrad::cpu

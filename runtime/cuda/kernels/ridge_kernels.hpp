// What stands around the factorisation of a ridge solve.
#pragma once

#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/operators.hpp"

namespace syngrad::cuda::kernels {

// Adds a ridge to the diagonal of a [n, n].
struct add_ridge_kernel {
  using value = double;

  float* a;
  std::int64_t n;
  float of_mean, of_each;

  SYNGRAD_HOST_DEVICE double empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(double& total, std::int64_t, std::int64_t i) const {
    total += static_cast<double>(a[i * n + i]);
  }
  SYNGRAD_HOST_DEVICE double join(double x, double y) const { return x + y; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, double) const {}
  SYNGRAD_HOST_DEVICE void apply(std::int64_t, std::int64_t i, double total) const {
    auto& entry = a[i * n + i];
    if (of_each != 0) entry *= 1 + of_each;
    entry += static_cast<float>(static_cast<double>(of_mean) * total / static_cast<double>(n));
  }
};

// Counts what is not finite in each row of x [rows, columns].
struct count_nonfinite_kernel {
  using value = float;

  const float* x;
  float* counts;
  std::int64_t columns;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& total, std::int64_t row, std::int64_t column) const {
    if (!is_finite(x[row * columns + column])) total += 1;
  }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t row, float total) const { counts[row] = total; }
};

// failed = 1 where the factorisation met a pivot that is not positive (`info` is not 0), or a row has a bad number.
struct judge_kernel {
  using value = float;

  const int* info;
  const float* counts;
  float* failed;

  SYNGRAD_HOST_DEVICE float empty() const { return 0; }
  SYNGRAD_HOST_DEVICE void add(float& total, std::int64_t, std::int64_t row) const { total += counts[row]; }
  SYNGRAD_HOST_DEVICE float join(float a, float b) const { return a + b; }
  SYNGRAD_HOST_DEVICE void finish(std::int64_t, float total) const { *failed = *info != 0 || total > 0 ? 1.0f : 0.0f; }
};

struct copy_unless_failed_kernel {
  const float *in, *failed;
  float* out;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    if (*failed == 0) out[i] = in[i];
  }
};

// out = a + shift I, of a [n, n]; a null `a` counts as zero.
struct shifted_copy_kernel {
  const float* a;
  float* out;
  std::int64_t n;
  float shift;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t row, std::int64_t column) const {
    out[row * n + column] = (a ? a[row * n + column] : 0.0f) + (row == column ? shift : 0.0f);
  }
};

struct add_unless_failed_kernel {
  const float *in, *failed;
  float factor;
  float* sum;
  SYNGRAD_HOST_DEVICE void operator()(std::int64_t i) const {
    if (*failed == 0) sum[i] += factor * in[i];
  }
};

template <class Launcher>
void add_ridge(Launcher& on, const tensor& a, std::int64_t n, ridge_weight ridge) {
  on.reduce_rows(1, n, add_ridge_kernel{a.f32(), n, ridge.of_mean, ridge.of_each});
}

// Takes `solved` [n, m], with `info` of its factorisation, as the solution, where it is one.
template <class Launcher>
void take_solution(Launcher& on, const tensor& solved, const int* info, tensor& solution, tensor& failed) {
  const auto rows = solved.rows(), columns = solved.columns();
  const auto counts = on.scratch({rows});
  on.reduce_rows(rows, columns, count_nonfinite_kernel{solved.f32(), counts.f32(), columns});
  on.reduce_rows(1, rows, judge_kernel{info, counts.f32(), failed.f32()});
  on.each(solved.elements(), copy_unless_failed_kernel{solved.f32(), failed.f32(), solution.f32()});
}

// a + shift I, and beside it the identity [n, n], of which `solve` makes the inverse in place; it gives the address of
// `info` of the factorisation.
template <class Launcher, class Solve>
void add_shifted_inverse(Launcher& on, const tensor& a, float shift, float factor, tensor& sum, Solve solve) {
  const auto n = a.rows();
  const auto shifted = on.scratch({n, n}), inverse = on.scratch({n, n}), counts = on.scratch({n}),
             failed = on.scratch({1});
  on.grid(n, n, shifted_copy_kernel{a.f32(), shifted.f32(), n, shift});
  on.grid(n, n, shifted_copy_kernel{nullptr, inverse.f32(), n, 1});
  const auto info = solve(shifted, inverse);
  on.reduce_rows(n, n, count_nonfinite_kernel{inverse.f32(), counts.f32(), n});
  on.reduce_rows(1, n, judge_kernel{info.i32(), counts.f32(), failed.f32()});
  on.each(n * n, add_unless_failed_kernel{inverse.f32(), failed.f32(), factor, sum.f32()});
}

} // namespace syngrad::cuda::kernels

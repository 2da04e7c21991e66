// Cholesky by Eigen, in the caller's memory. The only file that includes Eigen.
#define EIGEN_DONT_PARALLELIZE // solves run beside other work, on a thread of their own
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/device.hpp"

#include <Eigen/Cholesky>

#include <algorithm>

namespace syngrad::cpu {

namespace {

using column_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// x <- (a + ridge)^-1 x; false where that cannot be done. `a` becomes its factor.
bool solve_in_place(float* a, ridge_weight ridge, float* x, std::int64_t n, std::int64_t m) {
  Eigen::Map<column_major> matrix(a, n, n); // its lower part is the upper one of rows in order
  Eigen::Map<row_major> unknowns(x, n, m);
  const auto mean = matrix.diagonal().cast<double>().mean();
  if (ridge.of_each != 0) matrix.diagonal() *= 1 + ridge.of_each;
  matrix.diagonal().array() += static_cast<float>(static_cast<double>(ridge.of_mean) * mean);
  const Eigen::LLT<Eigen::Ref<column_major>> factor(matrix);
  if (factor.info() != Eigen::Success) return false;
  factor.solveInPlace(unknowns);
  return unknowns.allFinite();
}

// Returns 1 where that cannot be done, and then leaves the solution as it is; else 0. `work` has room for it.
float solve_one(float* a, ridge_weight ridge, const float* b, float* work, float* solution, std::int64_t n,
                std::int64_t m) {
  std::copy_n(b, n * m, work);
  if (!solve_in_place(a, ridge, work, n, m)) return 1;
  std::copy_n(work, n * m, solution);
  return 0;
}

} // namespace

void cpu_operators::solve_ridge(stream& s, tensor& a, const tensor& b, ridge_weight ridge, tensor& solution,
                                tensor& failed) {
  const auto n = b.rows(), m = b.columns();
  assert(a.elements() == n * n && solution.elements() == n * m);
  // Returned to the pool when this call ends, and given out again only to work that follows on this stream or waits.
  const auto scratch = make_tensor(s, {n, m});
  host(s).launch([=, matrix = a.f32(), right = b.f32(), work = scratch.f32(), out = solution.f32(),
                  flag = failed.f32()] { *flag = solve_one(matrix, ridge, right, work, out, n, m); });
}

} // namespace syngrad::cpu

// Cholesky by cuSOLVER, which counts by columns: `a` is symmetric and needs no turning, the right-hand side does.
#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/ridge_kernels.hpp"

namespace syngrad::cuda {

namespace {

constexpr auto triangle = CUBLAS_FILL_MODE_LOWER;

struct factorisation_scratch {
  tensor work, info; // info: a whole number, as cuSOLVER writes it
};

// a <- its Cholesky factor; info is 0 where there is one.
factorisation_scratch factorise(cuda_launcher& on, cusolverDnHandle_t solver, const tensor& a, int n) {
  int elements = 0;
  check(on.site(), cusolverDnSpotrf_bufferSize(solver, triangle, n, a.f32(), n, &elements));
  factorisation_scratch out{on.scratch({elements}), make_tensor(on.on(), {1}, dtype::i32)};
  check(on.site(), cusolverDnSpotrf(solver, triangle, n, a.f32(), n, out.work.f32(), elements, out.info.i32()));
  return out;
}

} // namespace

void cuda_operators::solve_ridge(stream& s, tensor& a, const tensor& b, float ridge, tensor& solution, tensor& failed) {
  cuda_launcher on(s, "solve_ridge");
  const auto n = b.rows(), m = b.columns();
  assert(a.elements() == n * n && solution.elements() == n * m);
  const auto solver = on.on().solver(on.site());
  const auto order = static_cast<int>(n), columns = static_cast<int>(m);

  kernels::add_ridge(on, a, n, ridge);
  const auto factor = factorise(on, solver, a, order);
  const auto turned = on.scratch({m, n}), solved = on.scratch({n, m});
  on.turn(b.f32(), n, m, turned.f32(), n);
  const auto checked = make_tensor(s, {1}, dtype::i32); // of the arguments only
  check(on.site(),
        cusolverDnSpotrs(solver, triangle, order, columns, a.f32(), order, turned.f32(), order, checked.i32()));
  on.turn(turned.f32(), m, n, solved.f32(), m);
  kernels::take_solution(on, solved, factor.info.i32(), solution, failed);
}

} // namespace syngrad::cuda

#include "runtime/cuda/cuda_operators.hpp"

#include "runtime/cuda/cuda_device.hpp"
#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_stream.hpp"
#include "runtime/cuda/kernels/batch_norm_kernels.hpp"
#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/matmul_kernels.hpp"
#include "runtime/cuda/kernels/optimizer_kernels.hpp"
#include "runtime/cuda/kernels/reduction_kernels.hpp"
#include "runtime/cuda/kernels/ridge_kernels.hpp"
#include "runtime/cuda/kernels/rows_kernels.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace syngrad::cuda {

// ---- a product, and what is fused into it. Where cuBLASLt has no algorithm for a fusion or a type, the parts follow
// one another instead, with the same result.

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
  if (of.exact) {
    product.factors = plain.factors = factor_type::exact;
  } else if (plans_.rounds_to_bf16()) {
    rounded_a = kernels::rounded_to_bf16(on, of.a.f32(), of.a.elements());
    rounded_b = kernels::rounded_to_bf16(on, of.b.f32(), of.b.elements());
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
  const auto wanted = wanted_epilogue(of, plans_.rounds_factors() && !of.exact);
  const bool fused = run(product, wanted);
  if (!fused && !run(product, epilogue::none) && !run(plain, epilogue::none))
    fail(on.site(), CUBLAS_STATUS_NOT_SUPPORTED);
  if (!fused || wanted == epilogue::none) kernels::finish_product(on, of);
  if (of.guard) kernels::take_product(on, of, aside);
}

// ---- Cholesky by cuSOLVER, which counts by columns: `a` is symmetric and needs no turning, the right-hand side does

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

void cuda_operators::nadam_step(stream& s, const step_arguments& of, tensor& first_moment, tensor& second_moment,
                                float beta1, float beta2, float epsilon, std::int64_t step) {
  cuda_launcher on(s, "nadam_step");
  kernels::nadam_step(on, of, first_moment, second_moment, beta1, beta2, epsilon, step);
}

void cuda_operators::lion_step(stream& s, const step_arguments& of, tensor& moment, float beta1, float beta2) {
  cuda_launcher on(s, "lion_step");
  kernels::lion_step(on, of, moment, beta1, beta2);
}

void cuda_operators::solve_ridge(stream& s, tensor& a, const tensor& b, ridge_weight ridge, tensor& solution,
                                 tensor& failed) {
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

// An inverse is symmetric, as the identity is: nothing is turned.
void cuda_operators::add_shifted_inverse(stream& s, const tensor& a, float shift, float factor, tensor& sum) {
  cuda_launcher on(s, "add_shifted_inverse");
  assert(a.columns() == a.rows() && sum.elements() == a.elements());
  const auto solver = on.on().solver(on.site());
  const auto order = static_cast<int>(a.rows());
  const auto checked = make_tensor(s, {1}, dtype::i32); // of the arguments only
  kernels::add_shifted_inverse(on, a, shift, factor, sum, [&](const tensor& shifted, const tensor& inverse) {
    const auto factors = factorise(on, solver, shifted, order);
    check(on.site(),
          cusolverDnSpotrs(solver, triangle, order, order, shifted.f32(), order, inverse.f32(), order, checked.i32()));
    return factors.info;
  });
}

// ---- copies: within a device, between devices, and between host and device. What lies in ordinary host memory goes
// through pinned pieces, so that the copy runs beside compute and the caller's memory is free again at once.

namespace {

char* address(const tensor& of) {
  return static_cast<char*>(of.data());
}

void enqueue_upload(cuda_stream& on, const call_site& from, const char* host_memory, char* target, std::size_t bytes) {
  auto& staging = on.device().staging();
  for (std::size_t done = 0; done < bytes; done += staging_area::largest_piece) {
    const auto size = std::min(staging_area::largest_piece, bytes - done);
    auto piece = staging.take(size);
    std::memcpy(piece.data, host_memory + done, size);
    check(from, cudaMemcpyAsync(target + done, piece.data, size, cudaMemcpyDefault, on.handle()));
    staging.give_back(std::move(piece), on.record());
  }
}

// Memory that CUDA knows nothing of: it can be freed or moved at any time after the call.
bool is_ordinary_host_memory(const call_site& from, const void* memory) {
  cudaPointerAttributes attributes{};
  check(from, cudaPointerGetAttributes(&attributes, memory));
  return attributes.type == cudaMemoryTypeUnregistered;
}

} // namespace

void cuda_operators::upload(stream& s, const void* host_memory, tensor& target) {
  auto& on = cuda(s);
  const auto here = on.enter("upload");
  enqueue_upload(on, here, static_cast<const char*>(host_memory), address(target), target.bytes());
}

void cuda_operators::copy(stream& s, const tensor& source, tensor& target) {
  assert(source.type() == target.type() && source.elements() == target.elements());
  auto& on = cuda(s);
  const auto here = on.enter("copy");
  if (source.bytes() == 0) return;
  const bool own = on.device().holds(*source.memory().get());
  if (!own && is_ordinary_host_memory(here, address(source)))
    enqueue_upload(on, here, address(source), address(target), source.bytes());
  else // one address space for all devices and pinned memory: CUDA finds out where each side is
    check(here, cudaMemcpyAsync(address(target), address(source), source.bytes(), cudaMemcpyDefault, on.handle()));
}

// ---- operators that are kernels alone: each a launcher, and the function of kernels/ that it is given to

void cuda_operators::fill(stream& s, tensor& target, float value) {
  cuda_launcher on(s, "fill");
  kernels::fill(on, target, value);
}

void cuda_operators::copy_block(stream& s, const tensor& source, tensor& target, std::int64_t row,
                                std::int64_t column) {
  cuda_launcher on(s, "copy_block");
  kernels::copy_block(on, source, target, row, column);
}

void cuda_operators::copy_block_transposed(stream& s, const tensor& source, tensor& target, std::int64_t row,
                                           std::int64_t column) {
  cuda_launcher on(s, "copy_block_transposed");
  kernels::copy_block_transposed(on, source, target, row, column);
}

void cuda_operators::scale(stream& s, tensor& target, float factor) {
  cuda_launcher on(s, "scale");
  kernels::scale(on, target, factor);
}

void cuda_operators::add(stream& s, const tensor& source, float factor, tensor& target) {
  cuda_launcher on(s, "add");
  kernels::add(on, source, factor, target);
}

void cuda_operators::subtract(stream& s, const tensor& a, const tensor& b, tensor& out) {
  cuda_launcher on(s, "subtract");
  kernels::subtract(on, a, b, out);
}

void cuda_operators::relu(stream& s, const tensor& x, tensor& y) {
  cuda_launcher on(s, "relu");
  kernels::relu(on, x, y);
}

void cuda_operators::relu_backward(stream& s, const tensor& dy, const tensor& y, tensor& dx) {
  cuda_launcher on(s, "relu_backward");
  kernels::relu_backward(on, dy, y, dx);
}

void cuda_operators::zero_unless_finite(stream& s, const tensor& guard, tensor& target) {
  cuda_launcher on(s, "zero_unless_finite");
  kernels::zero_unless_finite(on, guard, target);
}

void cuda_operators::batch_norm(stream& s, const batch_norm_arguments& of) {
  cuda_launcher on(s, "batch_norm");
  kernels::batch_norm(on, of);
}

void cuda_operators::batch_norm_backward(stream& s, const batch_norm_backward_arguments& of) {
  cuda_launcher on(s, "batch_norm_backward");
  kernels::batch_norm_backward(on, of);
}

void cuda_operators::fill_rows(stream& s, const tensor* bias, const tensor* table, const tensor* labels, tensor& y) {
  cuda_launcher on(s, "fill_rows");
  kernels::fill_rows(on, bias, table, labels, y);
}

void cuda_operators::sum_rows(stream& s, const tensor& x, float beta, tensor& out, const tensor* guard) {
  cuda_launcher on(s, "sum_rows");
  kernels::sum_rows(on, x, beta, out, guard);
}

void cuda_operators::sum_rows_by_label(stream& s, const tensor& x, const tensor& labels, float beta, tensor& table,
                                       const tensor* guard) {
  cuda_launcher on(s, "sum_rows_by_label");
  kernels::sum_rows_by_label(on, x, labels, beta, table, guard);
}

void cuda_operators::count_labels(stream& s, const tensor& labels, float beta, tensor& counts) {
  cuda_launcher on(s, "count_labels");
  kernels::count_labels(on, labels, beta, counts);
}

void cuda_operators::gather_rows(stream& s, const tensor& source, const tensor& indices, float scale, tensor& out) {
  cuda_launcher on(s, "gather_rows");
  kernels::gather_rows(on, source, indices, scale, out);
}

void cuda_operators::gather_labels(stream& s, const tensor& source, const tensor& indices, tensor& out) {
  cuda_launcher on(s, "gather_labels");
  kernels::gather_labels(on, source, indices, out);
}

void cuda_operators::repeat_labels(stream& s, const tensor& labels, std::int64_t times, tensor& out) {
  cuda_launcher on(s, "repeat_labels");
  kernels::repeat_labels(on, labels, times, out);
}

void cuda_operators::divide_rows(stream& s, const tensor& x, const tensor& divisors, tensor& out) {
  cuda_launcher on(s, "divide_rows");
  kernels::divide_rows(on, x, divisors, out);
}

void cuda_operators::scale_rows(stream& s, const tensor& x, const tensor& factors, tensor& out) {
  cuda_launcher on(s, "scale_rows");
  kernels::scale_rows(on, x, factors, out);
}

void cuda_operators::limit_rows(stream& s, tensor& x, const tensor& squares, float factor) {
  cuda_launcher on(s, "limit_rows");
  kernels::limit_rows(on, x, squares, factor);
}

void cuda_operators::softmax_cross_entropy(stream& s, const cross_entropy_arguments& of) {
  cuda_launcher on(s, "softmax_cross_entropy");
  kernels::softmax_cross_entropy(on, of);
}

void cuda_operators::agreement(stream& s, const tensor& a, const tensor& b, tensor& out) {
  cuda_launcher on(s, "agreement");
  kernels::agreement(on, a, b, out);
}

void cuda_operators::sum_squares(stream& s, const tensor& x, tensor& out) {
  cuda_launcher on(s, "sum_squares");
  kernels::sum_squares(on, x, out);
}

void cuda_operators::sgd_step(stream& s, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) {
  cuda_launcher on(s, "sgd_step");
  kernels::sgd_step(on, of, velocity, momentum, nesterov);
}

void cuda_operators::adam_step(stream& s, const step_arguments& of, tensor& first_moment, tensor& second_moment,
                               float beta1, float beta2, float epsilon, std::int64_t step, bool decoupled) {
  cuda_launcher on(s, "adam_step");
  kernels::adam_step(on, of, first_moment, second_moment, beta1, beta2, epsilon, step, decoupled);
}

} // namespace syngrad::cuda

#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/gather_kernels.hpp"
#include "runtime/cuda/kernels/rows_kernels.hpp"

namespace syngrad::cuda {

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

} // namespace syngrad::cuda

#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/reduction_kernels.hpp"
#include "runtime/cuda/kernels/softmax_kernels.hpp"

namespace syngrad::cuda {

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

} // namespace syngrad::cuda

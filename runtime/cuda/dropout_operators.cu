#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/dropout_kernels.hpp"

#include <cassert>

namespace syngrad::cuda {

void cuda_operators::dropout(stream& s, const dropout_arguments& of) {
  cuda_launcher on(s, "dropout");
  kernels::dropout(on, of);
}

void cuda_operators::dropout_backward(stream& s, const tensor& dy, const tensor& mask, float rate, tensor& dx) {
  cuda_launcher on(s, "dropout_backward");
  kernels::dropout_backward(on, dy, mask, rate, dx);
}

} // namespace syngrad::cuda

#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/batch_norm_kernels.hpp"

namespace syngrad::cuda {

void cuda_operators::batch_norm(stream& s, const batch_norm_arguments& of) {
  cuda_launcher on(s, "batch_norm");
  kernels::batch_norm(on, of);
}

void cuda_operators::batch_norm_backward(stream& s, const batch_norm_backward_arguments& of) {
  cuda_launcher on(s, "batch_norm_backward");
  kernels::batch_norm_backward(on, of);
}

} // namespace syngrad::cuda

#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/samples_kernels.hpp"

#include <cassert>

namespace syngrad::cuda {

void cuda_operators::choose_samples(stream& s, const choose_samples_arguments& of) {
  cuda_launcher on(s, "choose_samples");
  kernels::choose_samples(on, of);
}

void cuda_operators::gather_samples(stream& s, const tensor& source, const tensor& samples, tensor& out) {
  cuda_launcher on(s, "gather_samples");
  kernels::gather_samples(on, source, samples, out);
}

} // namespace syngrad::cuda

#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/adafactor_kernels.hpp"
#include "runtime/cuda/kernels/adam8bit_kernels.hpp"

#include <cassert>

namespace syngrad::cuda {

void cuda_operators::adam8bit_step(stream& s, const step_arguments& of, const eight_bit_moments& moments, float beta1,
                                   float beta2, float epsilon, std::int64_t step) {
  cuda_launcher on(s, "adam8bit_step");
  kernels::adam8bit_step(on, of, moments, beta1, beta2, epsilon, step);
}

void cuda_operators::adafactor_step(stream& s, const step_arguments& of, tensor* row_means, tensor& column_means,
                                    float clip, std::int64_t step) {
  cuda_launcher on(s, "adafactor_step");
  kernels::adafactor_step(on, of, row_means, column_means, clip, step);
}

} // namespace syngrad::cuda

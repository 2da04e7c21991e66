#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/optimizer_kernels.hpp"

namespace syngrad::cuda {

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

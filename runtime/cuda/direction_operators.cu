#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/direction_kernels.hpp"

#include <cassert>

namespace syngrad::cuda {

void cuda_operators::momentum_direction(stream& s, const step_arguments& of, tensor& velocity, float momentum,
                                        tensor& direction) {
  cuda_launcher on(s, "momentum_direction");
  kernels::momentum_direction(on, of, velocity, momentum, direction);
}

void cuda_operators::divide_by_norm(stream& s, const tensor& squared_norm, float factor, float least, tensor& x) {
  cuda_launcher on(s, "divide_by_norm");
  kernels::divide_by_norm(on, squared_norm, factor, least, x);
}

void cuda_operators::direction_step(stream& s, const step_arguments& of, const tensor& direction,
                                    const direction_scale& scale) {
  cuda_launcher on(s, "direction_step");
  kernels::direction_step(on, of, direction, scale);
}

} // namespace syngrad::cuda

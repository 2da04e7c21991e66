#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/recurrent_kernels.hpp"

#include <cassert>

namespace syngrad::cuda {

void cuda_operators::lstm_step(stream& s, const recurrent_step_arguments& of) {
  cuda_launcher on(s, "lstm_step");
  kernels::step<kernels::lstm_step_kernel>(on, of);
}

void cuda_operators::lstm_step_backward(stream& s, const recurrent_step_backward_arguments& of) {
  cuda_launcher on(s, "lstm_step_backward");
  kernels::step_backward<kernels::lstm_step_backward_kernel>(on, of);
}

void cuda_operators::gru_step(stream& s, const recurrent_step_arguments& of) {
  cuda_launcher on(s, "gru_step");
  kernels::step<kernels::gru_step_kernel>(on, of);
}

void cuda_operators::gru_step_backward(stream& s, const recurrent_step_backward_arguments& of) {
  cuda_launcher on(s, "gru_step_backward");
  kernels::step_backward<kernels::gru_step_backward_kernel>(on, of);
}

} // namespace syngrad::cuda

// Convolutions and pooling.
#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/convolution_kernels.hpp"
#include "runtime/cuda/kernels/pooling_kernels.hpp"

namespace syngrad::cuda {

void cuda_operators::conv2d(stream& s, const conv2d_arguments& of) {
  cuda_launcher on(s, "conv2d");
  kernels::conv2d(on, of, [&](const matmul_arguments& product) { matmul(s, product); });
}

void cuda_operators::conv2d_backward(stream& s, const conv2d_backward_arguments& of) {
  cuda_launcher on(s, "conv2d_backward");
  kernels::conv2d_backward(on, of, [&](const matmul_arguments& product) { matmul(s, product); });
}

void cuda_operators::max_pool2d(stream& s, const tensor& x, const window2d& window, tensor& y, tensor* positions) {
  cuda_launcher on(s, "max_pool2d");
  kernels::max_pool2d(on, x, window, y, positions);
}

void cuda_operators::max_pool2d_backward(stream& s, const tensor& dy, const tensor& positions, const window2d& window,
                                         tensor& dx) {
  cuda_launcher on(s, "max_pool2d_backward");
  kernels::max_pool2d_backward(on, dy, positions, window, dx);
}

void cuda_operators::avg_pool2d(stream& s, const tensor& x, const window2d& window, tensor& y) {
  cuda_launcher on(s, "avg_pool2d");
  kernels::avg_pool2d(on, x, window, y);
}

void cuda_operators::avg_pool2d_backward(stream& s, const tensor& dy, const window2d& window, tensor& dx) {
  cuda_launcher on(s, "avg_pool2d_backward");
  kernels::avg_pool2d_backward(on, dy, window, dx);
}

} // namespace syngrad::cuda

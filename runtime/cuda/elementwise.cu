#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/elementwise_kernels.hpp"

namespace syngrad::cuda {

void cuda_operators::fill(stream& s, tensor& target, float value) {
  cuda_launcher on(s, "fill");
  kernels::fill(on, target, value);
}

void cuda_operators::copy_block(stream& s, const tensor& source, tensor& target, std::int64_t row,
                                std::int64_t column) {
  cuda_launcher on(s, "copy_block");
  kernels::copy_block(on, source, target, row, column);
}

void cuda_operators::copy_block_transposed(stream& s, const tensor& source, tensor& target, std::int64_t row,
                                           std::int64_t column) {
  cuda_launcher on(s, "copy_block_transposed");
  kernels::copy_block_transposed(on, source, target, row, column);
}

void cuda_operators::scale(stream& s, tensor& target, float factor) {
  cuda_launcher on(s, "scale");
  kernels::scale(on, target, factor);
}

void cuda_operators::add(stream& s, const tensor& source, float factor, tensor& target) {
  cuda_launcher on(s, "add");
  kernels::add(on, source, factor, target);
}

void cuda_operators::subtract(stream& s, const tensor& a, const tensor& b, tensor& out) {
  cuda_launcher on(s, "subtract");
  kernels::subtract(on, a, b, out);
}

void cuda_operators::relu(stream& s, const tensor& x, tensor& y) {
  cuda_launcher on(s, "relu");
  kernels::relu(on, x, y);
}

void cuda_operators::relu_backward(stream& s, const tensor& dy, const tensor& y, tensor& dx) {
  cuda_launcher on(s, "relu_backward");
  kernels::relu_backward(on, dy, y, dx);
}

void cuda_operators::zero_unless_finite(stream& s, const tensor& guard, tensor& target) {
  cuda_launcher on(s, "zero_unless_finite");
  kernels::zero_unless_finite(on, guard, target);
}

} // namespace syngrad::cuda

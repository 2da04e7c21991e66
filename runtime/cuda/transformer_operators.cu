// The operators of a transformer (runtime/operators/transformer.hpp) on a CUDA device.
#include "runtime/cuda/cuda_launcher.cuh"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/kernels/attention_kernels.hpp"
#include "runtime/cuda/kernels/embedding_kernels.hpp"
#include "runtime/cuda/kernels/gelu_kernels.hpp"
#include "runtime/cuda/kernels/layer_norm_kernels.hpp"
#include "runtime/cuda/kernels/matmul_kernels.hpp"

namespace syngrad::cuda {

void cuda_operators::layer_norm(stream& s, const layer_norm_arguments& of) {
  cuda_launcher on(s, "layer_norm");
  kernels::layer_norm(on, of);
}

void cuda_operators::layer_norm_backward(stream& s, const layer_norm_backward_arguments& of) {
  cuda_launcher on(s, "layer_norm_backward");
  kernels::layer_norm_backward(on, of);
}

void cuda_operators::gelu(stream& s, const tensor& x, gelu_approximation how, tensor& y) {
  cuda_launcher on(s, "gelu");
  kernels::gelu(on, x, how, y);
}

void cuda_operators::gelu_backward(stream& s, const tensor& dy, const tensor& x, gelu_approximation how, tensor& dx) {
  cuda_launcher on(s, "gelu_backward");
  kernels::gelu_backward(on, dy, x, how, dx);
}

void cuda_operators::embedding(stream& s, const embedding_arguments& of) {
  cuda_launcher on(s, "embedding");
  kernels::embedding(on, of);
}

void cuda_operators::embedding_backward(stream& s, const tensor& dy, const tensor& tokens, bool accumulate,
                                        tensor& dweight) {
  cuda_launcher on(s, "embedding_backward");
  kernels::embedding_backward(on, dy, tokens, accumulate, dweight);
}

// ---- attention: batched products, with factors rounded as those of layers are

namespace {

// Everything from the first factor of a batch to the end of the last, rounded.
tensor rounded_factors(cuda_launcher& on, const void* factors, std::int64_t count, std::int64_t stride,
                       std::int64_t elements) {
  return kernels::rounded_to_bf16(on, static_cast<const float*>(factors), (count - 1) * stride + elements);
}

class batched_products {
public:
  explicit batched_products(matmul_plans& plans) : plans_(plans) {}

  void operator()(cuda_launcher& on, const matmul_product& of) const {
    if (plans_.rounds_to_bf16()) {
      auto rounded = of;
      const auto a = rounded_factors(on, of.a, of.batch.count, of.batch.stride_a, of.m * of.k);
      const auto b = rounded_factors(on, of.b, of.batch.count, of.batch.stride_b, of.k * of.n);
      rounded.factors = factor_type::bf16;
      rounded.a = a.data();
      rounded.b = b.data();
      if (plans_.run(on.on(), on.site(), rounded)) return;
    }
    if (!plans_.run(on.on(), on.site(), of)) fail(on.site(), CUBLAS_STATUS_NOT_SUPPORTED);
  }

private:
  matmul_plans& plans_;
};

} // namespace

void cuda_operators::attention(stream& s, const attention_arguments& of) {
  cuda_launcher on(s, "attention");
  kernels::attention(on, of, batched_products(plans_));
}

void cuda_operators::attention_backward(stream& s, const attention_backward_arguments& of) {
  cuda_launcher on(s, "attention_backward");
  kernels::attention_backward(on, of, batched_products(plans_));
}

} // namespace syngrad::cuda

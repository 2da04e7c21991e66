#include "tests/runtime/cuda/kernel_device.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/cuda/kernels/adafactor_kernels.hpp"
#include "runtime/cuda/kernels/adam8bit_kernels.hpp"
#include "runtime/cuda/kernels/attention_kernels.hpp"
#include "runtime/cuda/kernels/batch_norm_kernels.hpp"
#include "runtime/cuda/kernels/convolution_kernels.hpp"
#include "runtime/cuda/kernels/direction_kernels.hpp"
#include "runtime/cuda/kernels/dropout_kernels.hpp"
#include "runtime/cuda/kernels/elementwise_kernels.hpp"
#include "runtime/cuda/kernels/embedding_kernels.hpp"
#include "runtime/cuda/kernels/gelu_kernels.hpp"
#include "runtime/cuda/kernels/layer_norm_kernels.hpp"
#include "runtime/cuda/kernels/matmul_kernels.hpp"
#include "runtime/cuda/kernels/optimizer_kernels.hpp"
#include "runtime/cuda/kernels/pooling_kernels.hpp"
#include "runtime/cuda/kernels/recurrent_kernels.hpp"
#include "runtime/cuda/kernels/reduction_kernels.hpp"
#include "runtime/cuda/kernels/residual_kernels.hpp"
#include "runtime/cuda/kernels/ridge_kernels.hpp"
#include "runtime/cuda/kernels/rows_kernels.hpp"
#include "runtime/cuda/kernels/samples_kernels.hpp"
#include "tests/runtime/cuda/host_launcher.hpp"

#include <mutex>
#include <vector>

namespace syngrad::test {

namespace {

namespace kernels = cuda::kernels;

// What cuBLASLt does there, an element after the other.
float element_of_product(const cuda::matmul_product& of, const float* a, const float* b, std::int64_t i,
                         std::int64_t j) {
  float sum = 0;
  for (std::int64_t k = 0; k < of.k; ++k)
    sum += (of.transpose_a ? a[k * of.m + i] : a[i * of.k + k]) * (of.transpose_b ? b[j * of.k + k] : b[k * of.n + j]);
  return of.alpha * sum;
}

void batched_product(stream& s, const cuda::matmul_product& of) {
  host(s).launch([of] {
    for (std::int64_t at = 0; at < of.batch.count; ++at) {
      const auto* const a = static_cast<const float*>(of.a) + at * of.batch.stride_a;
      const auto* const b = static_cast<const float*>(of.b) + at * of.batch.stride_b;
      auto* const c = of.c + at * of.batch.stride_c;
      for (std::int64_t i = 0; i < of.m; ++i)
        for (std::int64_t j = 0; j < of.n; ++j)
          c[i * of.n + j] = kernels::blend(of.beta, c[i * of.n + j], element_of_product(of, a, b, i, j));
    }
  });
}

class kernel_operators final : public operators {
public:
  explicit kernel_operators(operators& libraries) : libraries_(libraries) {}

  void matmul(stream& s, const matmul_arguments& of) override {
    host_launcher on(s);
    const auto inner = of.transpose_a == transpose::yes ? of.a.rows() : of.a.columns();
    if (inner == 0) return kernels::product_over_nothing(on, of);
    auto plain = of;
    plain.bias = nullptr;
    plain.relu = false;
    plain.sums_of_a = nullptr;
    plain.guard = nullptr;
    if (!of.guard) {
      libraries_.matmul(s, plain);
      kernels::finish_product(on, of);
      return;
    }
    auto aside = make_tensor(s, of.c.extents());
    libraries_.matmul(s, {.a = of.a,
                          .transpose_a = of.transpose_a,
                          .b = of.b,
                          .transpose_b = of.transpose_b,
                          .c = aside,
                          .alpha = of.alpha});
    kernels::take_product(on, of, aside);
  }
  void copy(stream& s, const tensor& source, tensor& target) override { libraries_.copy(s, source, target); }
  void upload(stream& s, const void* memory, tensor& target) override { libraries_.upload(s, memory, target); }

  void fill(stream& s, tensor& target, float value) override {
    host_launcher on(s);
    kernels::fill(on, target, value);
  }
  void copy_block(stream& s, const tensor& source, tensor& target, std::int64_t row, std::int64_t column) override {
    host_launcher on(s);
    kernels::copy_block(on, source, target, row, column);
  }
  void copy_block_transposed(stream& s, const tensor& source, tensor& target, std::int64_t row,
                             std::int64_t column) override {
    host_launcher on(s);
    kernels::copy_block_transposed(on, source, target, row, column);
  }
  void scale(stream& s, tensor& target, float factor) override {
    host_launcher on(s);
    kernels::scale(on, target, factor);
  }
  void add(stream& s, const tensor& source, float factor, tensor& target) override {
    host_launcher on(s);
    kernels::add(on, source, factor, target);
  }
  void subtract(stream& s, const tensor& a, const tensor& b, tensor& out) override {
    host_launcher on(s);
    kernels::subtract(on, a, b, out);
  }
  void relu(stream& s, const tensor& x, tensor& y) override {
    host_launcher on(s);
    kernels::relu(on, x, y);
  }
  void relu_backward(stream& s, const tensor& dy, const tensor& y, tensor& dx) override {
    host_launcher on(s);
    kernels::relu_backward(on, dy, y, dx);
  }
  void zero_unless_finite(stream& s, const tensor& guard, tensor& target) override {
    host_launcher on(s);
    kernels::zero_unless_finite(on, guard, target);
  }

  void batch_norm(stream& s, const batch_norm_arguments& of) override {
    host_launcher on(s);
    kernels::batch_norm(on, of);
  }
  void batch_norm_backward(stream& s, const batch_norm_backward_arguments& of) override {
    host_launcher on(s);
    kernels::batch_norm_backward(on, of);
  }

  void fill_rows(stream& s, const tensor* bias, const tensor* table, const tensor* labels, tensor& y) override {
    host_launcher on(s);
    kernels::fill_rows(on, bias, table, labels, y);
  }
  void sum_rows(stream& s, const tensor& x, float beta, tensor& out, const tensor* guard) override {
    host_launcher on(s);
    kernels::sum_rows(on, x, beta, out, guard);
  }
  void sum_rows_by_label(stream& s, const tensor& x, const tensor& labels, float beta, tensor& table,
                         const tensor* guard) override {
    host_launcher on(s);
    kernels::sum_rows_by_label(on, x, labels, beta, table, guard);
  }
  void count_labels(stream& s, const tensor& labels, float beta, tensor& counts) override {
    host_launcher on(s);
    kernels::count_labels(on, labels, beta, counts);
  }
  void gather_rows(stream& s, const tensor& source, const tensor& indices, float factor, tensor& out) override {
    host_launcher on(s);
    kernels::gather_rows(on, source, indices, factor, out);
  }
  void gather_labels(stream& s, const tensor& source, const tensor& indices, tensor& out) override {
    host_launcher on(s);
    kernels::gather_labels(on, source, indices, out);
  }
  void repeat_labels(stream& s, const tensor& labels, std::int64_t times, tensor& out) override {
    host_launcher on(s);
    kernels::repeat_labels(on, labels, times, out);
  }
  void divide_rows(stream& s, const tensor& x, const tensor& divisors, tensor& out) override {
    host_launcher on(s);
    kernels::divide_rows(on, x, divisors, out);
  }
  void scale_rows(stream& s, const tensor& x, const tensor& factors, tensor& out) override {
    host_launcher on(s);
    kernels::scale_rows(on, x, factors, out);
  }
  void limit_rows(stream& s, tensor& x, const tensor& squares, float factor) override {
    host_launcher on(s);
    kernels::limit_rows(on, x, squares, factor);
  }

  void softmax_cross_entropy(stream& s, const cross_entropy_arguments& of) override {
    host_launcher on(s);
    kernels::softmax_cross_entropy(on, of);
  }
  void agreement(stream& s, const tensor& a, const tensor& b, tensor& out) override {
    host_launcher on(s);
    kernels::agreement(on, a, b, out);
  }
  void sum_squares(stream& s, const tensor& x, tensor& out) override {
    host_launcher on(s);
    kernels::sum_squares(on, x, out);
  }

  void sgd_step(stream& s, const step_arguments& of, tensor* velocity, float momentum, bool nesterov) override {
    host_launcher on(s);
    kernels::sgd_step(on, of, velocity, momentum, nesterov);
  }
  void adam_step(stream& s, const step_arguments& of, tensor& first, tensor& second, float beta1, float beta2,
                 float epsilon, std::int64_t step, bool decoupled) override {
    host_launcher on(s);
    kernels::adam_step(on, of, first, second, beta1, beta2, epsilon, step, decoupled);
  }
  void nadam_step(stream& s, const step_arguments& of, tensor& first, tensor& second, float beta1, float beta2,
                  float epsilon, std::int64_t step) override {
    host_launcher on(s);
    kernels::nadam_step(on, of, first, second, beta1, beta2, epsilon, step);
  }
  void lion_step(stream& s, const step_arguments& of, tensor& moment, float beta1, float beta2) override {
    host_launcher on(s);
    kernels::lion_step(on, of, moment, beta1, beta2);
  }
  void adam8bit_step(stream& s, const step_arguments& of, const eight_bit_moments& moments, float beta1, float beta2,
                     float epsilon, std::int64_t number) override {
    host_launcher on(s);
    kernels::adam8bit_step(on, of, moments, beta1, beta2, epsilon, number);
  }
  void adafactor_step(stream& s, const step_arguments& of, tensor* row_means, tensor& column_means, float clip,
                      std::int64_t number) override {
    host_launcher on(s);
    kernels::adafactor_step(on, of, row_means, column_means, clip, number);
  }
  void momentum_direction(stream& s, const step_arguments& of, tensor& velocity, float momentum,
                          tensor& direction) override {
    host_launcher on(s);
    kernels::momentum_direction(on, of, velocity, momentum, direction);
  }
  void divide_by_norm(stream& s, const tensor& squared_norm, float factor, float least, tensor& x) override {
    host_launcher on(s);
    kernels::divide_by_norm(on, squared_norm, factor, least, x);
  }
  void direction_step(stream& s, const step_arguments& of, const tensor& direction,
                      const direction_scale& scale) override {
    host_launcher on(s);
    kernels::direction_step(on, of, direction, scale);
  }

  void dropout(stream& s, const dropout_arguments& of) override {
    host_launcher on(s);
    kernels::dropout(on, of);
  }
  void dropout_backward(stream& s, const tensor& dy, const tensor& mask, float rate, tensor& dx) override {
    host_launcher on(s);
    kernels::dropout_backward(on, dy, mask, rate, dx);
  }

  void lstm_step(stream& s, const recurrent_step_arguments& of) override {
    host_launcher on(s);
    kernels::step<kernels::lstm_step_kernel>(on, of);
  }
  void lstm_step_backward(stream& s, const recurrent_step_backward_arguments& of) override {
    host_launcher on(s);
    kernels::step_backward<kernels::lstm_step_backward_kernel>(on, of);
  }
  void gru_step(stream& s, const recurrent_step_arguments& of) override {
    host_launcher on(s);
    kernels::step<kernels::gru_step_kernel>(on, of);
  }
  void gru_step_backward(stream& s, const recurrent_step_backward_arguments& of) override {
    host_launcher on(s);
    kernels::step_backward<kernels::gru_step_backward_kernel>(on, of);
  }

  void sum_branches(stream& s, const tensor& a, const tensor& b, bool relu, tensor& y) override {
    host_launcher on(s);
    kernels::sum_branches(on, a, b, relu, y);
  }

  void choose_samples(stream& s, const choose_samples_arguments& of) override {
    host_launcher on(s);
    kernels::choose_samples(on, of);
  }
  void gather_samples(stream& s, const tensor& source, const tensor& samples, tensor& out) override {
    host_launcher on(s);
    kernels::gather_samples(on, source, samples, out);
  }

  // Ridge and judgement are kernels; the factorisation between them is the CPU's, with no ridge of its own.
  void solve_ridge(stream& s, tensor& a, const tensor& b, ridge_weight ridge, tensor& solution,
                   tensor& failed) override {
    host_launcher on(s);
    kernels::add_ridge(on, a, b.rows(), ridge);
    auto turned = make_tensor(s, {b.columns(), b.rows()}), back = make_tensor(s, {b.rows(), b.columns()}),
         solved = make_tensor(s, {b.rows(), b.columns()}), info = make_tensor(s, {1}, dtype::i32);
    on.turn(b.f32(), b.rows(), b.columns(), turned.f32(), b.rows());
    on.turn(turned.f32(), b.columns(), b.rows(), back.f32(), b.columns());
    on.each(solved.elements(), kernels::fill_kernel{solved.f32(), 0});
    libraries_.solve_ridge(s, a, back, 0, solved, failed);
    host(s).launch([flag = failed.f32(), out = info.i32()] { *out = *flag == 0 ? 0 : 1; });
    kernels::take_solution(on, solved, info.i32(), solution, failed);
  }
  void add_shifted_inverse(stream& s, const tensor& a, float shift, float factor, tensor& sum) override {
    host_launcher on(s);
    auto info = make_tensor(s, {1}, dtype::i32), failed = make_tensor(s, {1});
    kernels::add_shifted_inverse(on, a, shift, factor, sum, [&](const tensor& shifted, const tensor& inverse) {
      auto matrix = shifted, out = inverse, identity = make_tensor(s, inverse.extents());
      libraries_.copy(s, inverse, identity);
      libraries_.solve_ridge(s, matrix, identity, 0, out, failed);
      host(s).launch([flag = failed.f32(), to = info.i32()] { *to = *flag == 0 ? 0 : 1; });
      return info;
    });
  }

  void conv2d(stream& s, const conv2d_arguments& of) override {
    host_launcher on(s);
    kernels::conv2d(on, of, [&](const matmul_arguments& product) { matmul(s, product); });
  }
  void conv2d_backward(stream& s, const conv2d_backward_arguments& of) override {
    host_launcher on(s);
    kernels::conv2d_backward(on, of, [&](const matmul_arguments& product) { matmul(s, product); });
  }
  void max_pool2d(stream& s, const tensor& x, const window2d& window, tensor& y, tensor* positions) override {
    host_launcher on(s);
    kernels::max_pool2d(on, x, window, y, positions);
  }
  void max_pool2d_backward(stream& s, const tensor& dy, const tensor& positions, const window2d& window,
                           tensor& dx) override {
    host_launcher on(s);
    kernels::max_pool2d_backward(on, dy, positions, window, dx);
  }
  void avg_pool2d(stream& s, const tensor& x, const window2d& window, tensor& y) override {
    host_launcher on(s);
    kernels::avg_pool2d(on, x, window, y);
  }
  void avg_pool2d_backward(stream& s, const tensor& dy, const window2d& window, tensor& dx) override {
    host_launcher on(s);
    kernels::avg_pool2d_backward(on, dy, window, dx);
  }
  void layer_norm(stream& s, const layer_norm_arguments& of) override {
    host_launcher on(s);
    kernels::layer_norm(on, of);
  }
  void layer_norm_backward(stream& s, const layer_norm_backward_arguments& of) override {
    host_launcher on(s);
    kernels::layer_norm_backward(on, of);
  }
  void gelu(stream& s, const tensor& x, gelu_approximation how, tensor& y) override {
    host_launcher on(s);
    kernels::gelu(on, x, how, y);
  }
  void gelu_backward(stream& s, const tensor& dy, const tensor& x, gelu_approximation how, tensor& dx) override {
    host_launcher on(s);
    kernels::gelu_backward(on, dy, x, how, dx);
  }
  void embedding(stream& s, const embedding_arguments& of) override {
    host_launcher on(s);
    kernels::embedding(on, of);
  }
  void embedding_backward(stream& s, const tensor& dy, const tensor& tokens, bool accumulate,
                          tensor& dweight) override {
    host_launcher on(s);
    kernels::embedding_backward(on, dy, tokens, accumulate, dweight);
  }
  void attention(stream& s, const attention_arguments& of) override {
    host_launcher on(s);
    kernels::attention(on, of, [&s](host_launcher&, const cuda::matmul_product& each) { batched_product(s, each); });
  }
  void attention_backward(stream& s, const attention_backward_arguments& of) override {
    host_launcher on(s);
    kernels::attention_backward(on, of,
                                [&s](host_launcher&, const cuda::matmul_product& each) { batched_product(s, each); });
  }

private:
  operators& libraries_;
};

class kernel_device final : public device {
public:
  std::string name() const override { return "cuda kernels on the host"; }
  operators& ops() override { return operators_; }
  memory_pool& memory() override { return pool_; }
  void synchronize() override {}

private:
  stream& add_stream(stream_priority) override {
    const std::lock_guard lock(mutex_);
    return *streams_.emplace_back(std::make_unique<host_stream>(*this, true));
  }

  memory_pool pool_{make_host_memory(), false};
  cpu_device libraries_;
  kernel_operators operators_{libraries_.ops()};
  std::mutex mutex_;
  std::vector<std::unique_ptr<stream>> streams_;
};

} // namespace

std::unique_ptr<device> make_kernel_device() {
  return std::make_unique<kernel_device>();
}

} // namespace syngrad::test

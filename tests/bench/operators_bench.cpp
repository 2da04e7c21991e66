// How fast each CPU operator is, on one thread: nanoseconds an element and GFLOP/s or GB/s of operands, at the shapes
// of the default models.
//
//   operators_bench [part of an operator's name]
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/dropout_generator.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "tests/bench/thread_bursts.hpp"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>

namespace {

using namespace syngrad;

constexpr std::int64_t batch = 256, classes = 10;

class operators_bench {
public:
  explicit operators_bench(std::string filter) : filter_(std::move(filter)) {}

  void products(std::int64_t width);
  void layer_passes(std::int64_t width);
  void labelled_rows(std::int64_t width);
  void vectors(std::int64_t width);
  void optimizer_steps(std::int64_t width);
  void loss();
  void ridge(std::int64_t width);

private:
  tensor normal(shape extents) {
    auto made = make_tensor(stream_, extents);
    for (std::int64_t i = 0; i < made.elements(); ++i) made.f32()[i] = static_cast<float>(random_.normal());
    return made;
  }
  tensor below(std::int64_t count, std::uint32_t bound) {
    auto made = make_tensor(stream_, {count}, dtype::i32);
    for (std::int64_t i = 0; i < count; ++i) made.i32()[i] = static_cast<std::int32_t>(random_.below(bound));
    return made;
  }

  void flops(const std::string& name, double operations, const std::function<void()>& work) {
    if (name.find(filter_) == std::string::npos) return;
    const auto seconds = median_seconds(work);
    std::printf("%-44s %10.1f us  %8.1f GFLOP/s\n", name.c_str(), seconds * 1e6, operations / seconds * 1e-9);
  }
  // `operands`: 4-byte values read or written for each element
  void bytes(const std::string& name, std::int64_t elements, double operands, const std::function<void()>& work) {
    if (name.find(filter_) == std::string::npos) return;
    const auto seconds = median_seconds(work);
    const auto count = static_cast<double>(elements);
    std::printf("%-44s %10.1f us  %8.1f GB/s  %7.3f ns/element\n", name.c_str(), seconds * 1e6,
                count * operands * 4 / seconds * 1e-9, seconds / count * 1e9);
  }

  static std::string label(const char* name, std::int64_t rows, std::int64_t columns) {
    return std::string(name) + " " + std::to_string(rows) + "x" + std::to_string(columns);
  }
  void product(const char* name, std::int64_t m, std::int64_t n, std::int64_t k, transpose a_turned,
               transpose b_turned);

  std::string filter_;
  cpu_device device_;
  stream& stream_ = device_.make_stream();
  operators& ops_ = device_.ops();
  random_source random_{1, 0};
};

void operators_bench::product(const char* name, std::int64_t m, std::int64_t n, std::int64_t k, transpose a_turned,
                              transpose b_turned) {
  const auto a = a_turned == transpose::yes ? normal({k, m}) : normal({m, k});
  const auto b = b_turned == transpose::yes ? normal({n, k}) : normal({k, n});
  auto c = normal({m, n});
  const auto full = label(name, m, n) + "x" + std::to_string(k);
  flops(full, 2.0 * static_cast<double>(m * n * k), [&] { ops_.matmul(stream_, {a, a_turned, b, b_turned, c}); });
}

void operators_bench::products(std::int64_t width) {
  const auto no = transpose::no, yes = transpose::yes;
  const auto out = width == 784 ? 256 : width;
  product("matmul forward, weight [in, out]", batch, out, width, no, no);
  product("matmul forward, weight [out, in]", batch, out, width, no, yes);
  product("matmul dx, weight [in, out]", batch, width, out, no, yes);
  product("matmul dx, weight [out, in]", batch, width, out, no, no);
  product("matmul dW, weight [in, out]", width, out, batch, yes, no);
  product("matmul dW, weight [out, in]", out, width, batch, yes, no);
  product("matmul top forward, weight [in, out]", batch, classes, width, no, no);
  product("matmul top forward, weight [out, in]", batch, classes, width, no, yes);
  product("matmul top dx, weight [in, out]", batch, width, classes, no, yes);
  product("matmul top dx, weight [out, in]", batch, width, classes, no, no);
  product("matmul top dW, weight [in, out]", width, classes, batch, yes, no);
  product("matmul top dW, weight [out, in]", classes, width, batch, yes, no);
}

void operators_bench::layer_passes(std::int64_t width) {
  const auto count = batch * width;
  const auto x = normal({batch, width}), dy = normal({batch, width}), gamma = normal({width}), beta = normal({width});
  auto y = normal({batch, width}), dx = normal({batch, width}), running_mean = normal({width});
  auto running_variance = normal({width}), saved = normal({2, width}), dgamma = normal({width}),
       dbeta = normal({width});
  ops_.fill(stream_, running_variance, 1);
  bytes(label("batch_norm + relu", batch, width), count, 3, [&] {
    ops_.batch_norm(stream_, {x, gamma, beta, y, running_mean, running_variance, &saved, 0.1f, 1e-5f, true});
  });
  bytes(label("batch_norm + relu, evaluation", batch, width), count, 2, [&] {
    ops_.batch_norm(stream_, {x, gamma, beta, y, running_mean, running_variance, nullptr, 0.1f, 1e-5f, true});
  });
  bytes(label("batch_norm_backward + relu", batch, width), count, 7, [&] {
    ops_.batch_norm_backward(stream_, {dy, x, y, gamma, saved, &dx, &dgamma, &dbeta, false, true});
  });
  bytes(label("relu", batch, width), count, 2, [&] { ops_.relu(stream_, x, y); });
  auto mask = make_tensor(stream_, {batch, width}, dtype::u8);
  auto generator = make_tensor(stream_, {dropout_generator::numbers});
  dropout_generator{1, 0}.write(generator.f32());
  bytes(label("dropout", batch, width), count, 2.25, [&] { ops_.dropout(stream_, {x, 0.1f, generator, mask, y}); });
  bytes(label("dropout_backward", batch, width), count, 2.25,
        [&] { ops_.dropout_backward(stream_, dy, mask, 0.1f, dx); });
  bytes(label("relu_backward", batch, width), count, 3, [&] { ops_.relu_backward(stream_, dy, y, dx); });
}

void operators_bench::labelled_rows(std::int64_t width) {
  const auto count = batch * width;
  const auto x = normal({batch, width}), bias = normal({width});
  auto table = normal({classes, width}), y = normal({batch, width}), out = normal({width});
  const auto labels = below(batch, classes);
  bytes(label("fill_rows, bias and table", batch, width), count, 1,
        [&] { ops_.fill_rows(stream_, &bias, &table, &labels, y); });
  bytes(label("sum_rows", batch, width), count, 1, [&] { ops_.sum_rows(stream_, x, 0, out); });
  bytes(label("sum_rows_by_label", batch, width), count, 1,
        [&] { ops_.sum_rows_by_label(stream_, x, labels, 0.98f, table); });
  const auto rows = std::int64_t{50000};
  auto images = make_tensor(stream_, {rows, width}, dtype::u8);
  std::fill_n(images.u8(), images.elements(), std::uint8_t{7});
  const auto indices = below(batch * 64, static_cast<std::uint32_t>(rows));
  std::int64_t turn = 0;
  bytes(label("gather_rows, u8", batch, width), count, 1.25,
        [&] { ops_.gather_rows(stream_, images, indices.view(turn++ % 64 * batch, {batch}), 1.0f / 255, y); });
}

void operators_bench::vectors(std::int64_t width) {
  const auto count = batch * width;
  auto a = normal({batch, width}), b = normal({batch, width}), c = normal({width, batch}), three = normal({3}),
       one = normal({1});
  bytes(label("fill", batch, width), count, 1, [&] { ops_.fill(stream_, a, 0.5f); });
  bytes(label("copy", batch, width), count, 2, [&] { ops_.copy(stream_, b, a); });
  bytes(label("copy_block_transposed", batch, width), count, 2,
        [&] { ops_.copy_block_transposed(stream_, a, c, 0, 0); });
  bytes(label("scale", batch, width), count, 2, [&] { ops_.scale(stream_, a, 1.0f); });
  bytes(label("add", batch, width), count, 3, [&] { ops_.add(stream_, a, 1e-9f, b); });
  bytes(label("subtract", batch, width), count, 3, [&] { ops_.subtract(stream_, a, b, c); });
  bytes(label("agreement", batch, width), count, 2, [&] { ops_.agreement(stream_, a, b, three); });
  bytes(label("sum_squares", batch, width), count, 1, [&] { ops_.sum_squares(stream_, a, one); });
}

void operators_bench::optimizer_steps(std::int64_t width) {
  const auto out = width == 784 ? 256 : width;
  const auto count = width * out;
  auto value = normal({count}), first = normal({count}), second = normal({count}), nonfinite = normal({1});
  const auto gradient = normal({count});
  ops_.fill(stream_, second, 1);
  const step_arguments arguments{value, gradient, 1.0f / 256, 1e-6f, 0, nullptr, &nonfinite};
  bytes(label("sgd_step", width, out), count, 3, [&] { ops_.sgd_step(stream_, arguments, nullptr, 0, false); });
  bytes(label("sgd_step, momentum", width, out), count, 5,
        [&] { ops_.sgd_step(stream_, arguments, &first, 0.9f, false); });
  bytes(label("adam_step", width, out), count, 7,
        [&] { ops_.adam_step(stream_, arguments, first, second, 0.9f, 0.999f, 1e-8f, 100, false); });
}

void operators_bench::loss() {
  const auto logits = normal({batch, classes});
  const auto labels = below(batch, classes);
  auto gradient = normal({batch, classes}), result = normal({2});
  bytes(label("softmax_cross_entropy", batch, classes), batch * classes, 2, [&] {
    ops_.softmax_cross_entropy(stream_, {logits, labels, &gradient, result});
  });
}

void operators_bench::ridge(std::int64_t width) {
  const auto n = width + classes + 1;
  const auto features = normal({2 * n, n}), right = normal({n, width});
  auto gram = normal({n, n}), a = normal({n, n}), solution = normal({n, width}), failed = normal({1});
  ops_.matmul(stream_, {features, transpose::yes, features, transpose::no, gram});
  const auto order = static_cast<double>(n), columns = static_cast<double>(width);
  flops(label("solve_ridge", n, width), order * order * order / 3 + 2 * order * order * columns, [&] {
    ops_.copy(stream_, gram, a);
    ops_.solve_ridge(stream_, a, right, 1e-3f, solution, failed);
  });
}

} // namespace

int main(int argc, char** argv) {
  syngrad::configure_compute_thread();
  operators_bench bench(argc > 1 ? argv[1] : "");
  for (const std::int64_t width : {256, 784, 1024}) {
    bench.products(width);
    bench.layer_passes(width);
    bench.labelled_rows(width);
    bench.vectors(width);
    bench.optimizer_steps(width);
    bench.ridge(width);
  }
  bench.loss();
}

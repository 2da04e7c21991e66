// How fast operators of images are on one thread: convolutions forward, their two gradients and all three, in GFLOP/s
// and as a share of the rate of a matrix product in the same run; pooling and batch normalisation in GB/s of operands.
//
//   images_bench [part of a line]
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "runtime/random.hpp"
#include "tests/bench/thread_bursts.hpp"

#include <cstdio>
#include <functional>
#include <string>
#include <utility>

namespace {

using namespace syngrad;

struct image_case {
  std::int64_t batch;
  extent2d input;
  std::int64_t in, out; // channels
  window2d window;

  extent2d output() const { return window.output_of(input); }
  shape x_shape() const { return {batch, input.height, input.width, in}; }
  shape y_shape() const { return {batch, output().height, output().width, out}; }
  double operations() const { // of one pass
    return 2.0 * static_cast<double>(batch * output().positions() * out * window.kernel_size.positions() * in);
  }
  // "64 of 32x32x16 -> 16 by 3x3 / 1"
  std::string name() const {
    return std::to_string(batch) + " of " + input.to_string() + "x" + std::to_string(in) + " -> " +
           std::to_string(out) + " by " + window.kernel_size.to_string() + " / " + std::to_string(window.stride.height);
  }
};

class images_bench {
public:
  explicit images_bench(std::string filter) : filter_(std::move(filter)), product_rate_(rate_of_a_product()) {
    std::printf("%-46s %10s  %8.1f GFLOP/s\n", "matmul 256x256x256", "", product_rate_);
  }

  void convolution(const image_case&);
  void pooling(const image_case&);
  void batch_norm(std::int64_t rows, std::int64_t channels);

private:
  tensor normal(shape extents) {
    auto made = make_tensor(stream_, extents);
    for (std::int64_t i = 0; i < made.elements(); ++i) made.f32()[i] = static_cast<float>(random_.normal());
    return made;
  }
  double rate_of_a_product();
  void flops(const std::string& name, double operations, const std::function<void()>& work) const;
  void bytes(const std::string& name, std::int64_t values, const std::function<void()>& work) const;

  std::string filter_;
  cpu_device device_;
  stream& stream_ = device_.make_stream();
  operators& ops_ = device_.ops();
  random_source random_{1, 0};
  double product_rate_; // GFLOP/s
};

double images_bench::rate_of_a_product() {
  const auto a = normal({256, 256}), b = normal({256, 256});
  auto c = normal({256, 256});
  return 2.0 * 256 * 256 * 256 * 1e-9 / median_seconds([&] {
           ops_.matmul(stream_, {a, transpose::no, b, transpose::no, c});
         });
}

void images_bench::flops(const std::string& name, double operations, const std::function<void()>& work) const {
  if (name.find(filter_) == std::string::npos) return;
  const auto seconds = median_seconds(work);
  const auto rate = operations / seconds * 1e-9;
  std::printf("%-46s %10.1f us  %6.1f GFLOP/s  %4.2f of a product's\n", name.c_str(), seconds * 1e6, rate,
              rate / product_rate_);
}

// `values`: of 4 bytes, read or written
void images_bench::bytes(const std::string& name, std::int64_t values, const std::function<void()>& work) const {
  if (name.find(filter_) == std::string::npos) return;
  const auto seconds = median_seconds(work);
  std::printf("%-46s %10.1f us  %6.1f GB/s\n", name.c_str(), seconds * 1e6,
              static_cast<double>(values) * 4 / seconds * 1e-9);
}

void images_bench::convolution(const image_case& of) {
  const auto x = normal(of.x_shape()), dy = normal(of.y_shape()),
             weight = normal({of.out, of.window.kernel_size.height, of.window.kernel_size.width, of.in});
  auto y = normal(of.y_shape()), dx = normal(of.x_shape()), dweight = normal(weight.extents());
  const auto forward = [&] {
    ops_.conv2d(stream_, {.x = x, .weight = weight, .bias = nullptr, .y = y, .window = of.window});
  };
  const auto backward = [&](tensor* to_dx, tensor* to_dweight) {
    ops_.conv2d_backward(stream_,
                         {.dy = dy, .x = x, .weight = weight, .window = of.window, .dx = to_dx, .dweight = to_dweight});
  };
  flops("conv2d " + of.name(), of.operations(), forward);
  flops("  dx " + of.name(), of.operations(), [&] { backward(&dx, nullptr); });
  flops("  dW " + of.name(), of.operations(), [&] { backward(nullptr, &dweight); });
  flops("  all " + of.name(), 3 * of.operations(), [&] {
    forward();
    backward(&dx, &dweight);
  });
}

void images_bench::pooling(const image_case& of) {
  const auto x = normal(of.x_shape()), dy = normal(of.y_shape());
  auto y = normal(of.y_shape()), dx = normal(of.x_shape());
  auto positions = make_tensor(stream_, of.y_shape(), dtype::i32);
  const auto large = x.elements(), small = y.elements();
  bytes("max_pool2d " + of.name(), large + 2 * small, [&] { ops_.max_pool2d(stream_, x, of.window, y, &positions); });
  bytes("max_pool2d_backward " + of.name(), large + 2 * small,
        [&] { ops_.max_pool2d_backward(stream_, dy, positions, of.window, dx); });
  bytes("avg_pool2d " + of.name(), large + small, [&] { ops_.avg_pool2d(stream_, x, of.window, y); });
  bytes("avg_pool2d_backward " + of.name(), large + small,
        [&] { ops_.avg_pool2d_backward(stream_, dy, of.window, dx); });
}

void images_bench::batch_norm(std::int64_t rows, std::int64_t channels) {
  const auto x = normal({rows, channels}), dy = normal({rows, channels}), gamma = normal({channels}),
             beta = normal({channels});
  auto y = normal({rows, channels}), dx = normal({rows, channels}), mean = normal({channels}),
       variance = normal({channels}), saved = normal({2, channels}), dgamma = normal({channels}),
       dbeta = normal({channels});
  ops_.fill(stream_, variance, 1);
  const auto size = " " + std::to_string(rows) + "x" + std::to_string(channels);
  bytes("batch_norm + relu" + size, 3 * x.elements(), [&] {
    ops_.batch_norm(stream_, {x, gamma, beta, y, mean, variance, &saved, 0.1f, 1e-5f, true});
  });
  bytes("batch_norm_backward + relu" + size, 7 * x.elements(), [&] {
    ops_.batch_norm_backward(stream_, {dy, x, y, gamma, saved, &dx, &dgamma, &dbeta, false, true});
  });
}

} // namespace

int main(int argc, char** argv) {
  syngrad::configure_compute_thread();
  images_bench bench(argc > 1 ? argv[1] : "");
  const syngrad::window2d same{.kernel_size = 3, .padding = 1}, halving{.kernel_size = 3, .stride = 2, .padding = 1};
  for (const image_case& each : {image_case{64, 32, 16, 16, same}, {64, 16, 32, 32, same}, {64, 8, 64, 64, same}})
    bench.convolution(each);
  for (const image_case& each : {image_case{64, 32, 3, 16, same},
                                 {64, 32, 16, 32, halving},
                                 {64, 28, 1, 32, halving},
                                 {64, 32, 16, 32, {.kernel_size = 1, .stride = 2}}})
    bench.convolution(each);
  bench.pooling({64, 32, 16, 16, {.kernel_size = 2, .stride = 2}});
  bench.pooling({64, 32, 16, 16, {.kernel_size = 3, .stride = 2, .padding = 1}});
  bench.pooling({64, 8, 64, 64, {.kernel_size = 8}});
  for (const auto& [rows, channels] : {std::pair{65536, 16}, {16384, 32}, {4096, 64}}) bench.batch_norm(rows, channels);
}

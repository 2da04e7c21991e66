#include "tools/bench/product_burst.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/random.hpp"

#include <barrier>
#include <chrono>
#include <cmath>
#include <thread>

namespace syngrad::tools {

namespace {

// As large as a layer's first weights, so that results stay ordinary numbers.
void randomize(stream& s, tensor& target, random_source& random) {
  const auto bound = 1 / std::sqrt(static_cast<double>(target.columns()));
  std::vector<float> values(static_cast<std::size_t>(target.elements()));
  for (auto& value : values) value = static_cast<float>(random.uniform(-bound, bound));
  s.ops().upload(s, values.data(), target);
}

} // namespace

product_burst::product_burst(step_products products, int threads, device& where) : products_(std::move(products)) {
  for (int i = 0; i < threads; ++i) {
    random_source random(1, static_cast<std::uint64_t>(i));
    lane made{&where.make_stream(), {}};
    for (const auto& extents : products_.buffers) {
      made.buffers.push_back(make_tensor(*made.order, extents));
      randomize(*made.order, made.buffers.back(), random);
    }
    lanes_.push_back(std::move(made));
  }
}

double product_burst::run(double seconds) {
  using clock = std::chrono::steady_clock;
  std::barrier start(static_cast<std::ptrdiff_t>(lanes_.size()));
  std::vector<double> rates(lanes_.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    threads.emplace_back([&, i] {
      configure_compute_thread();
      execute(lanes_[i]); // makes the primitives
      start.arrive_and_wait();
      const auto begin = clock::now();
      std::int64_t count = 0;
      std::chrono::duration<double> elapsed{};
      do {
        execute(lanes_[i]);
        ++count;
        elapsed = clock::now() - begin;
      } while (elapsed.count() < seconds);
      rates[i] = static_cast<double>(count) / elapsed.count();
    });
  }
  for (auto& thread : threads) thread.join();
  double sum = 0;
  for (const auto rate : rates) sum += rate;
  return sum;
}

void product_burst::execute(lane& here) const {
  for (const auto& product : products_.list)
    here.order->ops().matmul(*here.order, {.a = here.buffers[product.a],
                                           .transpose_a = product.transpose_a,
                                           .b = here.buffers[product.b],
                                           .transpose_b = product.transpose_b,
                                           .c = here.buffers[product.c],
                                           .beta = product.beta});
}

} // namespace syngrad::tools

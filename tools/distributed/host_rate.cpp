#include "tools/distributed/host_rate.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace syngrad::tools {

double measure_host_rate(int threads) {
  constexpr std::int64_t size = 256;
  constexpr int rounds = 32, repetitions = 16; // a round is some 5 ms on one core of 2020
  double seconds = 1e9;
  std::thread([&] {
    configure_compute_thread();
    cpu_device cpu;
    auto& work = cpu.make_stream();
    auto a = make_tensor(work, {size, size}), b = make_tensor(work, {size, size}), c = make_tensor(work, {size, size});
    for (auto* each : {&a, &b, &c}) cpu.ops().fill(work, *each, 0.5f);
    const auto multiply = [&] {
      cpu.ops().matmul(
        work, {.a = a, .transpose_a = transpose::no, .b = b, .transpose_b = transpose::yes, .c = c, .beta = 0.0f});
    };
    multiply(); // makes what is made once
    for (int round = 0; round < rounds; ++round) {
      const auto began = std::chrono::steady_clock::now();
      for (int i = 0; i < repetitions; ++i) multiply();
      cpu.synchronize();
      seconds = std::min(seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
  }).join();
  return threads * repetitions * static_cast<double>(size * size * size) / std::max(seconds, 1e-9);
}

} // namespace syngrad::tools

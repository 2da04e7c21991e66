// How fast a training pass (forward and backward) of an LSTM and of a GRU is on one thread, and which part of that time
// its matrix products alone take: 128 inputs, 128 hidden features, batches of 32, chunks of 4 and of 64 positions.
//
//   recurrent_bench
#include "models/arena.hpp"
#include "models/layers/gru.hpp"
#include "models/layers/lstm.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/random.hpp"
#include "tests/bench/thread_bursts.hpp"

#include <cstdio>

namespace {

using namespace syngrad;

constexpr std::int64_t batch = 32, width = 128;

class recurrent_bench {
public:
  void run(const char* name, std::int64_t gates, layer& of, std::int64_t positions) {
    arena memory(stream_, {of.parameters()});
    of.initialize(stream_, random_);
    const auto x = normal({batch, positions, width}), dy = normal({batch, positions, width});
    std::vector<tensor> cache(of.cached_tensors());
    const auto forward = median_seconds([&] { of.forward(stream_, x, phase::train, cache); });
    const auto backward = median_seconds([&] { of.backward(stream_, dy, cache, {}); });
    const auto products = median_seconds([&] { multiply(gates, positions); });
    const auto count = 2.0 * 3 * 2 * static_cast<double>(batch * positions * gates * width * width);
    std::printf(
      "%-4s chunk %2ld  forward %8.1f us  backward %8.1f us  products alone %8.1f us (%5.1f GFLOP/s): %4.2f\n", name,
      static_cast<long>(positions), forward * 1e6, backward * 1e6, products * 1e6, count / products * 1e-9,
      products / (forward + backward));
  }

private:
  tensor normal(shape extents) {
    auto made = make_tensor(stream_, extents);
    for (std::int64_t i = 0; i < made.elements(); ++i) made.f32()[i] = static_cast<float>(random_.normal());
    return made;
  }

  void product(const tensor& a, transpose a_turned, const tensor& b, transpose b_turned, tensor& c) {
    stream_.ops().matmul(stream_, {a, a_turned, b, b_turned, c});
  }

  // The products of a training pass, of the same extents and in the same order of factors.
  void multiply(std::int64_t gates, std::int64_t positions) {
    const auto no = transpose::no, yes = transpose::yes;
    const auto rows = batch * positions;
    auto x = make_tensor(stream_, {rows, width}), w = make_tensor(stream_, {gates * width, width}),
         all = make_tensor(stream_, {rows, gates * width}), h = make_tensor(stream_, {batch, width}),
         one = make_tensor(stream_, {batch, gates * width});
    product(x, no, w, yes, all);
    for (std::int64_t t = 0; t < positions; ++t) product(h, no, w, yes, one);
    for (std::int64_t t = 0; t < positions; ++t) product(one, no, w, no, h);
    product(all, yes, x, no, w);
    product(all, yes, x, no, w);
    product(all, no, w, no, x);
  }

  cpu_device device_;
  stream& stream_ = device_.make_stream();
  random_source random_{1, 0};
};

} // namespace

int main() {
  syngrad::configure_compute_thread();
  recurrent_bench bench;
  for (const std::int64_t positions : {4, 64}) {
    lstm of_lstm(width, width, {});
    gru of_gru(width, width, {});
    bench.run("lstm", 4, of_lstm, positions);
    bench.run("gru", 3, of_gru, positions);
  }
}

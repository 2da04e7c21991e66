// syngrad as a library: a layer of one's own, a network made with it, split into groups that train as actors.
// The data are points in a square, labelled by the ring around its centre that they lie in.
#include "actors/training.hpp"
#include "models/layers/linear.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <cmath>
#include <iostream>

using namespace syngrad;

// y = x / (1 + |x|), so dy/dx = (1 - |y|)^2. The cache holds y.
struct softsign : layer {
  std::string describe() const override { return "softsign"; }
  result<sample_spec> infer(const sample_spec& below) const override { return below; }
  double multiply_adds(const sample_spec& below) const override { return 4.0 * static_cast<double>(below.elements()); }
  std::size_t cached_tensors() const override { return 1; }
  tensor forward(stream& s, const tensor& x, phase, layer_cache cache) override {
    auto y = make_tensor(s, x.extents());
    host(s).launch([n = x.elements(), in = x.f32(), out = y.f32()] {
      for (std::int64_t i = 0; i < n; ++i) out[i] = in[i] / (1 + std::abs(in[i]));
    });
    if (!cache.empty()) cache[0] = y;
    return y;
  }
  tensor backward(stream& s, const tensor& dy, layer_cache cache, backward_request) override {
    auto dx = make_tensor(s, dy.extents());
    host(s).launch([n = dy.elements(), up = dy.f32(), y = cache[0].f32(), down = dx.f32()] {
      for (std::int64_t i = 0; i < n; ++i) down[i] = up[i] * (1 - std::abs(y[i])) * (1 - std::abs(y[i]));
    });
    return dx;
  }
};

void add_point(sample_set& set, random_source& random) {
  const auto x = random.uniform(-1, 1), y = random.uniform(-1, 1), radius = std::hypot(x, y);
  set.floats.insert(set.floats.end(), {static_cast<float>(x), static_cast<float>(y)});
  set.labels.push_back(radius < 0.4 ? 0 : radius < 0.8 ? 1 : 2);
  ++set.count;
}

int main() {
  random_source random(1, 0);
  dataset rings{.name = "rings", .input = {{2}}, .target = label_spec(3)};
  for (int i = 0; i < 8000; ++i) add_point(i < 6000 ? rings.train : rings.test, random);
  network net{"rings", {{2}}, std::vector<layer_list>(3)};
  for (int unit = 0; unit < 3; ++unit)
    net.units[unit].push_back(std::make_unique<linear>(unit ? 64 : 2, unit < 2 ? 64 : 3, true));
  for (int unit = 0; unit < 2; ++unit) net.units[unit].push_back(std::make_unique<softsign>());
  training_settings settings{.split = {1, 1, 1}, .learning_rate = 3e-3f, .decay = "0.6:0.1", .steps = 2000};
  cpu_device cpu;
  auto run = training::prepare(settings, std::move(net), rings, cpu);
  const auto summary = run ? (*run)->run() : training_summary{run_end::failed, run.message()};
  std::cout << summary.failure << "test error: " << summary.test["error"] << " %\n";
  return summary.end == run_end::finished && summary.test["error"] < 4 ? 0 : 1;
}

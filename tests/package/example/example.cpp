// syngrad as a library: a layer of one's own, a network made with it, split into groups that train as actors.
// The data are points in a square, labelled by the ring around its centre that they lie in.
//
//   example                         trains in this process
//   example coordinate NODES        trains over as many processes that join it, and says at which address
//   example node ADDRESS NAME       is one of them
#include "actors/distributed/coordinated_training.hpp"
#include "actors/distributed/joined_node.hpp"
#include "actors/training.hpp"
#include "models/layers/linear.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <cmath>
#include <iostream>
#include <string>

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

result<network> make_rings(std::string_view) {
  network net{"rings", {{2}}, std::vector<layer_list>(3)};
  for (int unit = 0; unit < 3; ++unit)
    net.units[unit].push_back(std::make_unique<linear>(unit ? 64 : 2, unit < 2 ? 64 : 3, true));
  for (int unit = 0; unit < 2; ++unit) net.units[unit].push_back(std::make_unique<softsign>());
  return net;
}

void add_point(sample_set& set, random_source& random) {
  const auto x = random.uniform(-1, 1), y = random.uniform(-1, 1), radius = std::hypot(x, y);
  set.floats.insert(set.floats.end(), {static_cast<float>(x), static_cast<float>(y)});
  set.labels.push_back(radius < 0.4 ? 0 : radius < 0.8 ? 1 : 2);
  ++set.count;
}

run_settings settings_of_run() {
  run_settings settings;
  settings.model = "rings"; // a node gets the name, and makes the same network
  settings.split = {1, 1, 1};
  settings.optimizer.name = "adam";
  settings.learning_rate = 3e-3f;
  settings.schedule = "0.6:0.1";
  settings.steps = 2000;
  return settings;
}

template <class Run>
int report_on(const result<std::unique_ptr<Run>>& run) {
  const auto summary = run ? (*run)->run() : training_summary{run_end::failed, run.message()};
  std::cout << summary.failure << "test error: " << summary.test["error"] << " %\n";
  return summary.end == run_end::finished && summary.test["error"] < 4 ? 0 : 1;
}

int main(int count, char** words) {
  if (!register_network("rings", make_rings)) return 1; // before anything trains, in every process
  const std::string role = count > 1 ? words[1] : "";
  if (role == "node") {
    node_setup node;
    node.join = *parse_endpoint(words[2]);
    node.network.name = words[3];
    const auto outcome = take_part(node);
    std::cout << outcome.why << (outcome.delivered ? "delivered\n" : "not delivered\n");
    return outcome.delivered ? 0 : 1;
  }
  random_source random(1, 0);
  dataset rings{.name = "rings", .input = {{2}}, .target = label_spec(3)};
  for (int i = 0; i < 8000; ++i) add_point(i < 6000 ? rings.train : rings.test, random);
  cpu_device cpu;
  if (role != "coordinate")
    return report_on(training::prepare(settings_of_run(), std::move(*make_rings({})), rings, cpu));
  coordinated_training::setup setup;
  setup.settings = settings_of_run();
  setup.nodes = {std::stoi(words[2]), std::stoi(words[2])};
  setup.data = &rings;
  setup.place = [](const auto& groups, const auto& nodes) { // without: by cost, so that these small ones stay together
    std::vector<group_place> places;
    for (std::size_t i = 0; i < groups.size(); ++i)
      places.push_back({nodes[i * nodes.size() / groups.size()].node, "cpu"});
    return places;
  };
  setup.say = [](const std::string& line) { std::cout << line << '\n'; };
  const auto run = coordinated_training::open(std::move(setup));
  if (run) std::cout << "listens at " << to_text((*run)->listening()) << std::endl;
  return report_on(run);
}

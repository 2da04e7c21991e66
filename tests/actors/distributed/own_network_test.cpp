// A network with a layer of one's own, registered by name: trained over processes that find each other on loopback,
// with the weights of the same run in one process.
#include "actors/distributed/coordinated_training.hpp"
#include "actors/distributed/joined_node.hpp"
#include "models/layers/linear.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

using namespace syngrad;
using namespace syngrad::test;

namespace {

// y = x / (1 + |x|), so dy/dx = (1 - |y|)^2. The cache holds y.
class softsign : public layer {
public:
  std::string describe() const override { return "softsign"; }
  result<sample_spec> infer(const sample_spec& below) const override { return below; }
  double multiply_adds(const sample_spec& below) const override { return 4.0 * static_cast<double>(below.elements()); }
  std::size_t cached_tensors() const override { return 1; }
  tensor forward(stream& s, const tensor& x, phase, layer_cache cache) override {
    auto y = make_tensor(s, x.extents());
    for (std::int64_t i = 0; i < x.elements(); ++i) y.f32()[i] = x.f32()[i] / (1 + std::abs(x.f32()[i]));
    if (!cache.empty()) cache[0] = y;
    return y;
  }
  tensor backward(stream& s, const tensor& dy, layer_cache cache, backward_request) override {
    auto dx = make_tensor(s, dy.extents());
    for (std::int64_t i = 0; i < dy.elements(); ++i) {
      const auto slope = 1 - std::abs(cache[0].f32()[i]);
      dx.f32()[i] = dy.f32()[i] * slope * slope;
    }
    return dx;
  }
};

result<network> make_soft(std::string_view) {
  network made{"soft", {{5}}, std::vector<layer_list>(3)};
  for (std::size_t unit = 0; unit < 3; ++unit) {
    made.units[unit].push_back(std::make_unique<linear>(unit ? 8 : 5, unit < 2 ? 8 : 3, true));
    if (unit < 2) made.units[unit].push_back(std::make_unique<softsign>());
  }
  return made;
}

run_settings soft_settings(const std::string& policy) {
  if (!make_network("soft")) REQUIRE(register_network("soft", make_soft));
  run_settings out;
  out.model = "soft";
  out.policy = policy;
  out.split = {1, 1, 1};
  out.batch_size = 8;
  out.steps = 40;
  out.evaluate_every = 20;
  out.deterministic = true;
  out.hang_after_s = 20;
  out.trace = "off";
  return out;
}

struct joint_run {
  training_summary summary;
  std::vector<float> weights; // sorted
  std::vector<member_outcome> nodes;
};

joint_run run_over(int joining, const run_settings& settings) {
  coordinated_training::setup setup;
  setup.settings = settings;
  setup.nodes = {joining, joining};
  setup.data = &toy();
  setup.place = [](const auto& groups, const auto& there) {
    std::vector<group_place> places;
    for (std::size_t i = 0; i < groups.size(); ++i)
      places.push_back({there[i * there.size() / groups.size()].node, "cpu"});
    return places;
  };
  auto run = coordinated_training::open(std::move(setup));
  REQUIRE(run);
  joint_run out;
  out.nodes.resize(static_cast<std::size_t>(joining));
  std::vector<std::thread> threads;
  for (int i = 0; i < joining; ++i)
    threads.emplace_back([&, i] {
      node_setup node;
      node.join = (*run)->listening();
      node.network.name = "n" + std::to_string(i);
      out.nodes[static_cast<std::size_t>(i)] = take_part(node);
    });
  out.summary = (*run)->run();
  for (const auto& each : (*run)->weights())
    out.weights.insert(out.weights.end(), each.value.f32(), each.value.f32() + each.value.elements());
  std::sort(out.weights.begin(), out.weights.end());
  run->reset();
  for (auto& each : threads) each.join();
  return out;
}

} // namespace

TEST_CASE("a network of one's own trains over processes that join, with the weights of one process") {
  const auto settings = soft_settings(GENERATE("locked", "synthetic"));
  CAPTURE(settings.policy);
  cpu_device cpu;
  auto alone = run_threaded(settings, std::move(*make_network("soft")), toy(), cpu);
  REQUIRE(alone.summary.failure == "");
  std::sort(alone.weights.begin(), alone.weights.end());
  for (const int joining : {1, 2}) {
    CAPTURE(joining);
    const auto joint = run_over(joining, settings);
    REQUIRE(joint.summary.failure == "");
    CHECK(joint.summary.end == run_end::finished);
    CHECK(joint.summary.final_loss == alone.summary.final_loss);
    CHECK(joint.weights == alone.weights);
    for (const auto& each : joint.nodes) {
      CHECK(each.why == "");
      CHECK(each.end == run_end::finished);
      CHECK(each.delivered);
    }
  }
}

TEST_CASE("a run over processes is refused before it listens where no process could build it") {
  const auto refusal = [](const std::function<void(coordinated_training::setup&)>& spoil) {
    coordinated_training::setup setup;
    setup.settings = soft_settings("locked");
    setup.data = &toy();
    spoil(setup);
    return coordinated_training::open(std::move(setup)).message();
  };
  CHECK(refusal([](auto& setup) { setup.settings.model = "hard"; }).starts_with("model: model 'hard': "));
  CHECK(refusal([](auto& setup) { setup.settings.steps = 0; }).starts_with("steps: "));
  CHECK(
    refusal([](auto& setup) { setup.settings.wire = "f8"; }).starts_with("wire: expected f32, bf16 or int8, rank:N"));
}

TEST_CASE("nodes that are waited for in vain end the wait, and a node that is told to leave leaves") {
  coordinated_training::setup setup;
  setup.settings = soft_settings("locked");
  setup.data = &toy();
  setup.nodes = {2, 2};
  setup.gives_up = [] { return std::optional(error::peer("nobody will come")); };
  auto run = coordinated_training::open(std::move(setup));
  REQUIRE(run);
  const auto summary = (*run)->run();
  CHECK(summary.end == run_end::failed);
  CHECK(summary.failure == "nobody will come");
  node_setup leaving;
  leaving.join = (*run)->listening();
  joined_node node(leaving);
  node.interrupt(); // before it has joined: nobody misses it
  REQUIRE(node.open());
  node_work work;
  const auto out = node.run(work);
  CHECK(out.end == run_end::interrupted);
  CHECK(out.why == "interrupted before the run began");
}

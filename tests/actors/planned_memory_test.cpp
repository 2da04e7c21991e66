// What a run is told to hold in memory before it, against what it then holds.
#include "actors/planned_memory.hpp"

#include "models/network_split.hpp"
#include "models/optimizers/inverse_root.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/text_source.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

namespace syngrad::test {
namespace {

network net_of(const std::string& model) {
  return std::move(make_network(model).value());
}

dataset zeros_for(const network& net, std::int64_t samples) {
  dataset data;
  data.name = "zeros";
  data.input = net.input;
  const auto output = infer_specs(net)->back();
  if (net.input.is_numbers()) {
    data.target = net.input;
    data.tokens = vocabulary::of_numbers(net.input.categories);
    const auto window = net.input.elements();
    std::vector<std::uint16_t> tokens(static_cast<std::size_t>(2 * samples * window + 2), 1);
    const auto whole = token_text::of(std::move(tokens), "here");
    data.train.text = whole.part(0, static_cast<std::size_t>(samples * window + 1));
    data.test.text =
      whole.part(static_cast<std::size_t>(samples * window + 1), static_cast<std::size_t>(samples * window + 1));
    for (auto* each : {&data.train, &data.test}) {
      each->window = window;
      each->count = (each->text.size() - 1) / window;
    }
    return data;
  }
  data.target = label_spec(static_cast<std::int32_t>(output.features()));
  for (auto* each : {&data.train, &data.test}) {
    each->count = samples;
    each->bytes.resize(static_cast<std::size_t>(samples * net.input.elements()));
    each->labels.resize(static_cast<std::size_t>(samples));
  }
  return data;
}

training_settings settings_for(const network& net, const std::string& policy, int groups, std::int64_t batch) {
  training_settings settings;
  settings.policy = policy;
  settings.split = split_evenly(net, groups).value();
  settings.batch_size = batch;
  settings.steps = 40;
  settings.deterministic = true;
  settings.threads = 1;
  settings.continuing_windows = !carrying_layer(net).empty();
  return settings;
}

double share_off(std::uint64_t told, std::uint64_t held) {
  return std::abs(static_cast<double>(told) - static_cast<double>(held)) / static_cast<double>(held);
}

void require_told(const std::string& model, training_settings settings) {
  const auto data = zeros_for(net_of(model), 4 * settings.batch_size);
  const auto told = memory_of_run(settings, net_of(model), &data);
  REQUIRE(told);
  configure_compute_thread();
  cpu_device cpu;
  const auto run = run_threaded(settings, model, data, cpu);
  REQUIRE(run.summary.failure == "");
  REQUIRE(told->groups.size() == run.summary.groups.size());
  for (std::size_t i = 0; i < told->groups.size(); ++i) {
    const auto& before = told->groups[i];
    const auto& after = run.summary.groups[i];
    CAPTURE(i);
    CHECK(before.weights == after.weight_bytes);
    CHECK(before.gradients == after.gradient_bytes);
    CHECK(before.moments == after.moment_bytes);
    CHECK(before.predictor == after.predictor_bytes);
    CHECK(before.in_flight == after.most_in_flight);
    CHECK(share_off(before.caches, after.cache_bytes) < 0.05);
  }
  CAPTURE(told->most_in_use, run.summary.most_bytes_in_use);
  CHECK(share_off(told->most_in_use, run.summary.most_bytes_in_use) < 0.05);
  CHECK(told->at_most() >= told->most_in_use);
}

} // namespace

TEST_CASE("what a run is told to hold is what it holds, within a twentieth, for five kinds of network") {
  const auto& [model, groups, batch] =
    GENERATE(table<std::string, int, std::int64_t>({{"mlp:64-128x5-10", 6, 128},
                                                    {"gpt:4x32,heads=4,context=32,vocab=11", 3, 16},
                                                    {"cnn:16x16x1-16s2-16-32s2-32-10", 5, 32},
                                                    {"lstm:2x32,chunk=8,vocab=11", 3, 16},
                                                    {"resnet:8-3", 3, 8}}));
  const std::string policy = GENERATE("locked", "delayed", "synthetic", "corrected");
  const bool recompute = GENERATE(false, true);
  CAPTURE(model, policy, recompute);
  auto settings = settings_for(net_of(model), policy, groups, batch);
  settings.recompute = recompute;
  require_told(model, settings);
}

TEST_CASE("optimizers, predictors and later gradients are in what a run is told to hold") {
  const std::string optimizer = GENERATE("sgd", "muon");
  const std::string predictor = GENERATE("linear", "exit", "mlp:32");
  CAPTURE(optimizer, predictor);
  const std::string model = "lstm:2x32,chunk=8,vocab=11";
  auto settings = settings_for(net_of(model), "synthetic", 3, 16);
  settings.optimizer.name = optimizer;
  settings.synthetic.kind = predictor;
  settings.unroll = unroll_settings::parse("dni").value();
  require_told(model, settings);
}

TEST_CASE("with --recompute caches of a group of four layers are at most two fifths of what they are without") {
  const std::string policy = "locked"; // others keep the cache of the batch that has its turn
  const std::string model = GENERATE("mlp:256-256x8-10", "gpt:8x64,heads=4,context=64,vocab=65");
  CAPTURE(policy, model);
  auto net = net_of(model);
  auto settings = settings_for(net, policy, 2, 32);
  const auto without = memory_of_run(settings, net_of(model)).value();
  settings.recompute = true;
  const auto with = memory_of_run(settings, net_of(model)).value();
  CHECK(with.groups[0].caches * 5 <= without.groups[0].caches * 2);
  CHECK(with.groups[0].weights == without.groups[0].weights);
  CHECK(with.groups[1].caches == without.groups[1].caches); // at the top no gradient is waited for
}

TEST_CASE("with --recompute a policy that goes back late keeps the weights that its batches have seen") {
  const std::string model = "mlp:256-256x4-10";
  auto settings = settings_for(net_of(model), "delayed", 5, 32);
  settings.recompute = true;
  const auto told = memory_of_run(settings, net_of(model)).value();
  CHECK(told.groups[0].in_flight == 9);
  CHECK(told.groups[0].caches >= 8 * 256 * 256 * 4);
  CHECK(told.groups[4].caches < 256 * 256 * 4);
}

TEST_CASE("a model that no machine has room for is told of") {
  auto settings = settings_for(net_of("mlp:784-8192x5-10"), "synthetic", 6, 256);
  settings.synthetic.kind = "linear";
  const auto told = memory_of_run(settings, net_of("mlp:784-8192x5-10"));
  REQUIRE(told);
  CHECK(told->groups[1].weights >= std::uint64_t{8192} * 8192 * 4);
  CHECK(told->groups[1].moments >= 2 * told->groups[1].gradients);
}

TEST_CASE("what passes cost is counted as it was done") {
  configure_compute_thread();
  const std::string model = "mlp:64-128x3-10";
  const auto net = net_of(model);
  const auto data = zeros_for(net, 64);
  const auto of_policy = [&](const std::string& policy, bool recompute) {
    auto settings = settings_for(net, policy, 4, 16);
    settings.steps = 20;
    settings.recompute = recompute;
    settings.synthetic.kind = "linear";
    cpu_device cpu;
    const auto out = run_threaded(settings, model, data, cpu);
    REQUIRE(out.summary.failure == "");
    return out.summary.groups;
  };
  const double hidden = 16 * (3.0 * 128 * 128 + 10 * 128), lowest = 16 * (3.0 * 64 * 128 + 10 * 128);
  const auto locked = of_policy("locked", false);
  CHECK(locked[1].multiply_adds == Approx(hidden));
  CHECK(locked[0].multiply_adds == Approx(lowest - 16 * 64 * 128)); // nobody wants the gradient of the input
  CHECK(locked[1].predictor_multiply_adds == 0);
  CHECK(locked[1].predictor_share == 0);
  // A forward pass more, but at the top, which goes back at once.
  const auto again = of_policy("locked", true);
  CHECK(again[1].multiply_adds == Approx(hidden * 4 / 3));
  CHECK(again[3].multiply_adds == locked[3].multiply_adds);
  // A prediction, and for each target another one with the gradient of its weights.
  const auto synthetic = of_policy("synthetic", false);
  CHECK(synthetic[1].multiply_adds == Approx(hidden));
  CHECK(synthetic[1].predictor_multiply_adds == Approx(16.0 * 3 * 128 * 128).epsilon(0.05)); // some begin with it
  CHECK(of_policy("synthetic", true)[1].multiply_adds == Approx(hidden));
  // Backward once at once without what is below, then for the correction's parameters and for what is sent down.
  const auto corrected = of_policy("corrected", false);
  CHECK(corrected[1].multiply_adds == Approx(hidden * 2 - 2 * 16 * 128 * 128).epsilon(0.01));
}

TEST_CASE("what muon multiplies is counted, and what it does rarely is spread over all steps") {
  configure_compute_thread();
  const std::string model = "mlp:64-128x3-10";
  const auto net = net_of(model);
  const auto data = zeros_for(net, 64);
  const auto of_muon = [&](std::int64_t every) {
    auto settings = settings_for(net, "locked", 4, 16);
    settings.steps = 20;
    settings.optimizer.name = "muon";
    settings.optimizer.muon_every = every;
    cpu_device cpu;
    return run_threaded(settings, model, data, cpu).summary.groups;
  };
  const double cube = 128.0 * 128 * 128;
  CHECK(of_muon(1)[1].optimizer_multiply_adds == Approx(5 * 3 * cube));
  CHECK(of_muon(1)[0].optimizer_multiply_adds == Approx(5 * 64.0 * 64 * (2 * 128 + 64)));
  CHECK(of_muon(1)[3].optimizer_multiply_adds == 0); // the outputs' weight is Adam's
  const auto rarely = multiply_adds_of_inverse_root(128, 128);
  CHECK(rarely > 2 * cube);
  CHECK(of_muon(5)[1].optimizer_multiply_adds == Approx(cube + rarely / 5));
}

} // namespace syngrad::test

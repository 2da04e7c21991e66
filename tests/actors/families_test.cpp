// Every kind of network trains on actors as a plain loop over its layers does.
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sequential_layers.hpp"
#include "tests/support/toy_data.hpp"

#include "models/network_split.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/random.hpp"

namespace syngrad::test {
namespace {

// Noise that is brighter for some classes.
dataset noisy_images(const sample_spec& input, std::int32_t classes) {
  random_source random(5, 1);
  dataset data;
  data.name = "images";
  data.input = input;
  data.target = label_spec(classes);
  const auto draw = [&](sample_set& into, std::int64_t count) {
    into.count = count;
    for (std::int64_t i = 0; i < count; ++i) {
      into.labels.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(classes))));
      for (std::int64_t j = 0; j < input.elements(); ++j)
        into.floats.push_back(static_cast<float>(random.normal() + into.labels.back()));
    }
  };
  draw(data.train, 24);
  draw(data.test, 4);
  return data;
}

// Tokens that mostly follow each other in order.
dataset mostly_ascending(std::int64_t window, std::int32_t vocabulary_size) {
  random_source random(5, 2);
  std::vector<std::uint16_t> tokens;
  for (std::int32_t i = 0; i < 600; ++i)
    tokens.push_back(static_cast<std::uint16_t>((random.below(4) == 0 ? random.below(100) : i) % vocabulary_size));
  dataset data;
  data.name = "text";
  data.input = {{window}, dtype::i32, vocabulary_size};
  data.target = data.input;
  data.tokens = vocabulary::of_numbers(vocabulary_size);
  const auto whole = token_text::of(std::move(tokens), "here");
  data.train.text = whole.part(0, 500);
  data.test.text = whole.part(500, 100);
  for (auto* each : {&data.train, &data.test}) {
    each->window = window;
    each->count = (each->text.size() - 1) / window;
  }
  return data;
}

dataset data_for(const network& net) {
  if (net.input.is_numbers()) return mostly_ascending(net.input.elements(), net.input.categories);
  return noisy_images(net.input, static_cast<std::int32_t>(infer_specs(net)->back().features()));
}

} // namespace

TEST_CASE(
  "locked training of each kind in 1, 2 and 4 groups equals a plain loop over the layers bit for bit, 50 steps") {
  const std::string model = GENERATE("cnn:8x8x2-4s2-4-6x2-3", "resnet:8-3", "gpt:4x16,heads=2,context=8,vocab=11",
                                     "lstm:3x8,chunk=4,vocab=11", "gru:3x8,chunk=4,vocab=11");
  const int groups = GENERATE(1, 2, 4);
  CAPTURE(model, groups);
  configure_compute_thread();
  cpu_device cpu;
  auto net = make_network(model);
  REQUIRE(net);
  const auto data = data_for(*net);
  training_settings settings;
  settings.policy = "locked";
  settings.batch_size = 4;
  settings.steps = 50;
  settings.learning_rate = 1e-3f;
  settings.split = split_evenly(*net, groups).value();
  settings.continuing_windows = !carrying_layer(*net).empty();
  const auto out = run_threaded(settings, std::move(*net), data, cpu);
  REQUIRE(out.summary.failure == "");
  const auto expected = train_layers(cpu, data, std::move(*make_network(model)),
                                     {4, 50, 1e-3f, settings.seed, settings.continuing_windows});
  REQUIRE(out.weights.size() == expected.size());
  REQUIRE(out.weights == expected);
}

TEST_CASE("groups of every kind learn by heads of every form, and the same whatever the threads") {
  const std::string model = GENERATE("mlp:5-4x3-3", "cnn:8x8x2-4s2-4-6x2-3", "gpt:4x16,heads=2,context=8,vocab=11",
                                     "lstm:3x8,chunk=4,vocab=11");
  const std::string head = GENERATE("linear", "mlp:6", "early-exit");
  CAPTURE(model, head);
  configure_compute_thread();
  const auto run = [&](int threads, float rate) {
    cpu_device cpu;
    auto net = make_network(model);
    training_settings settings;
    settings.policy = "local";
    settings.local_head = *local_head_choice::parse(head);
    settings.batch_size = 4;
    settings.steps = 60;
    settings.learning_rate = rate;
    settings.deterministic = true;
    settings.threads = threads;
    settings.split = split_evenly(*net, 3).value();
    settings.continuing_windows = !carrying_layer(*net).empty();
    const auto data = model.starts_with("mlp") ? toy() : data_for(*net);
    auto out = run_threaded(settings, std::move(*net), data, cpu);
    REQUIRE(out.summary.failure == "");
    return out;
  };
  const auto one = run(1, 1e-2f), two = run(2, 1e-2f), still = run(1, 1e-9f);
  CHECK(one.weights == two.weights);
  CHECK(one.summary.final_loss < still.summary.final_loss);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(one.summary.groups[i].predictor_multiply_adds > 0);
    CHECK(one.summary.groups[i].predictor_bytes > 0);
  }
}

} // namespace syngrad::test

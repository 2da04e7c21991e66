// Recurrent networks whose later gradients are predicted (--unroll dni), as runs.
#include "actors/run_check.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/support/catch.hpp"

#include "models/layer_group.hpp"
#include "models/objective.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/data/copy_task.hpp"
#include "runtime/data/host_batch.hpp"
#include "runtime/data/text_source.hpp"

#include <cmath>

namespace syngrad::test {
namespace {

dataset episodes() {
  auto data = std::move(*make_copy_task("3", 1));
  REQUIRE(cut_windows(data, 4));
  data.test.text = data.test.text.part(0, 24 * 64);
  data.test.labels.resize(24 * 64);
  data.test.count = (24 * 64 - 1) / 4;
  return data;
}

training_settings unrolled(const std::string& policy, std::vector<int> split, const std::string& how = "dni") {
  training_settings settings;
  settings.policy = policy;
  settings.split = std::move(split);
  settings.batch_size = 8;
  settings.steps = 40;
  settings.learning_rate = 3e-3f;
  settings.continuing_windows = true;
  settings.deterministic = true;
  settings.unroll = unroll_settings::parse(how).value();
  return settings;
}

std::vector<float> weights_of(const training_settings& settings, const char* model = "lstm:2x8,chunk=4,vocab=10") {
  configure_compute_thread();
  cpu_device cpu;
  const auto out = run_threaded(settings, std::string(model), episodes(), cpu);
  REQUIRE(out.summary.failure == "");
  return out.weights;
}

} // namespace

TEST_CASE("weights with predicted later gradients do not depend on groups and threads, and differ from truncation's") {
  const std::string model = GENERATE("lstm:2x8,chunk=4,vocab=10", "gru:2x8,chunk=4,vocab=10");
  const auto in_one = weights_of(unrolled("locked", {3}), model.c_str());
  auto apart = unrolled("locked", {1, 1, 1});
  for (const int threads : {1, 3}) {
    apart.threads = threads;
    CHECK(weights_of(apart, model.c_str()) == in_one);
  }
  CHECK(weights_of(unrolled("locked", {1, 2}, "truncated"), model.c_str()) != in_one);
  CHECK(weights_of(unrolled("locked", {3}, "dni:0"), model.c_str()) != in_one); // what follows is seen
}

TEST_CASE("every policy trains with predicted later gradients, and deterministic runs repeat") {
  const std::string policy = GENERATE("synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  auto settings = unrolled(policy, {1, 1, 1});
  const auto once = weights_of(settings);
  settings.threads = 1;
  CHECK(weights_of(settings) == once);
  settings.unroll = {};
  CHECK(weights_of(settings) != once);
}

TEST_CASE("a batch without any target has no loss, and does not count in that of the training") {
  configure_compute_thread();
  cpu_device cpu;
  const auto text = token_text::of({3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9}, "text");
  const std::vector<std::int32_t> labels{-1, -1, -1, -1, 3, 5, 8, 9, -1, -1, -1, -1, -1};
  dataset data;
  data.input = data.target = {{0}, dtype::i32, 10};
  data.train.text = text;
  data.train.labels = labels;
  data.test.text = text.part(4, 5); // the one window that has targets
  data.test.labels = {labels.begin() + 4, labels.begin() + 9};
  REQUIRE(cut_windows(data, 4));
  REQUIRE(data.train.count == 3);
  auto settings = unrolled("locked", {1, 1}, "truncated");
  settings.batch_size = 1;
  settings.steps = 3;
  settings.learning_rate = 1e-30f; // no weight moves
  const auto out = run_threaded(settings, "gpt:1x8,heads=2,context=4,vocab=10", data, cpu);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.evaluations.size() == 1);
  const auto loss = out.evaluations[0].loss;
  CHECK(loss > 1);
  CHECK(out.evaluations[0].train_loss == Approx(loss).epsilon(1e-6));
  CHECK(out.summary.final_loss == Approx(loss).epsilon(1e-6));
}

TEST_CASE("until the warm-up is over a run is truncated") {
  auto warming = unrolled("locked", {3});
  warming.warmup_batches = 39;
  CHECK(weights_of(warming) == weights_of(unrolled("locked", {3}, "truncated")));
}

TEST_CASE("evaluations carry the state from batch to batch, and each begins anew") {
  configure_compute_thread();
  cpu_device cpu;
  auto settings = unrolled("locked", {1, 2}, "truncated");
  settings.learning_rate = 1e-30f; // no weight moves
  settings.steps = 3;
  settings.evaluate_every = 1;
  const auto data = episodes();
  const std::string model = "lstm:2x8,chunk=4,vocab=10";
  const auto out = run_threaded(settings, model, data, cpu);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.evaluations.size() >= 3);

  auto net = std::move(*make_network(model));
  layer_list layers;
  for (auto& unit : net.units)
    for (auto& each : unit) layers.push_back(std::move(each));
  auto& s = cpu.make_stream();
  layer_group whole(s, net.input, std::move(layers), settings.optimizer, settings.seed, 0);
  const auto judge = std::move(*make_objective(settings.objective));
  const auto test = order_samples(data, {settings.batch_size, settings.seed, 0, true})->test;
  host_batch_maker maker(data.test, data);
  host_batch made;
  double sum = 0;
  std::int64_t terms = 0;
  whole.begin_evaluation(s);
  for (std::size_t at = 0; at < test.size(); at += 8) {
    maker.make(std::span(test).subspan(at, 8), 0, made);
    auto x = make_tensor(s, {8, 4}, dtype::i32), labels = make_tensor(s, {32}, dtype::i32),
         result = make_tensor(s, {objective::numbers});
    s.ops().upload(s, made.inputs.data(), x);
    s.ops().upload(s, made.targets.data(), labels);
    s.ops().fill(s, result, 0);
    judge->evaluate(s, whole.forward(s, x, phase::evaluate, nullptr), labels, false, result);
    sum += double{result.f32()[0]} * static_cast<double>(made.terms);
    terms += made.terms;
  }
  for (const auto& each : out.evaluations) CHECK(each.loss == Approx(sum / static_cast<double>(terms)).epsilon(1e-6));
}

TEST_CASE("later gradients are predicted for recurrent networks on continuing windows only") {
  const auto refusal = [](const training_settings& settings, const char* model) {
    const auto checked = check_run(settings, *make_network(model), nullptr);
    return checked ? std::string() : checked.message();
  };
  auto settings = unrolled("locked", {3});
  CHECK(refusal(settings, "lstm:2x8,chunk=4,vocab=10") == "");
  settings.split = {};
  CHECK(refusal(settings, "gpt:1x8,heads=2,context=8,vocab=10").starts_with("unroll: dni needs a recurrent network"));
  CHECK(refusal(settings, "mlp:5-8x2-3").find("--windows continuing") != std::string::npos);
  settings.cuda_graphs = true;
  CHECK(refusal(settings, "lstm:2x8,chunk=4,vocab=10").find("--cuda-graphs off") != std::string::npos);
  settings.cuda_graphs = false;
  settings.continuing_windows = false;
  CHECK(refusal(settings, "lstm:2x8,chunk=4,vocab=10") ==
        "unroll: dni needs a recurrent network and --windows continuing, got random");
  settings = unrolled("locked", {3}, "dni:500");
  CHECK(refusal(settings, "lstm:2x8,chunk=4,vocab=10") ==
        "unroll: expected at most dni:409 with 10 classes, got dni:500");
}

} // namespace syngrad::test

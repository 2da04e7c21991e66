// What happens when something goes wrong: numbers that are not finite, exceptions, interrupts, hangs, bad settings.
#include "tests/actors/probe_layer.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include "actors/hang_watch.hpp"
#include "runtime/cpu/cpu_device.hpp"

#include <atomic>
#include <cmath>
#include <future>
#include <limits>
#include <stdexcept>

using namespace syngrad;
using namespace syngrad::test;

namespace {

// Of chosen training batches, counted from 1, nothing that comes up is a number any more.
class spoiler : public layer {
public:
  explicit spoiler(std::function<bool(int)> spoils) : spoils_(std::move(spoils)) {}

  std::string describe() const override { return "spoiler"; }
  result<sample_spec> infer(const sample_spec& below) const override { return below; }
  double multiply_adds(const sample_spec&) const override { return 1; }
  tensor forward(stream& s, const tensor& x, phase mode, layer_cache) override {
    if (mode != phase::train || !spoils_(++batches_)) return x;
    auto y = make_tensor(s, x.extents());
    auto* to = y.f32();
    const auto n = y.elements();
    host(s).launch([=] { std::fill(to, to + n, std::numeric_limits<float>::quiet_NaN()); });
    return y;
  }
  tensor backward(stream&, const tensor& dy, layer_cache, backward_request) override { return dy; }

private:
  std::function<bool(int)> spoils_;
  int batches_ = 0;
};

bool all_finite(const std::vector<float>& values) {
  for (const float each : values)
    if (!std::isfinite(each)) return false;
  return true;
}

} // namespace

TEST_CASE("a NaN in the data stops the run with group, batch and layer named, and finite weights") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  CAPTURE(policy);
  cpu_device cpu;
  auto data = toy();
  data.train.floats[17] = std::numeric_limits<float>::quiet_NaN();
  const auto out = run_threaded(three_groups(policy, 40), "mlp:5-4x2-3", data, cpu);
  REQUIRE(out.summary.end == run_end::failed);
  CHECK(out.summary.steps < 40);
  CHECK(out.summary.failure.find("group ") != std::string::npos);
  CHECK(out.summary.failure.find("batch ") != std::string::npos);
  CHECK(out.summary.failure.find("layer ") != std::string::npos);
  CHECK(out.weights.size() > 0);
  CHECK(all_finite(out.weights)); // running statistics are among them
}

TEST_CASE("with skip, an update from a gradient that is not finite is left out and counted, and the run goes on") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  CAPTURE(policy);
  cpu_device cpu;
  const auto data = toy();
  auto settings = three_groups(policy, 40);
  settings.skip_nonfinite = true;
  settings.steps = 100;
  // Labels stay good; the activation of one batch is spoilt on its way up, after the statistics of the layers below.
  auto net = make_network("mlp:5-4x2-3");
  net->units[2].push_back(std::make_unique<spoiler>([](int batch) { return batch % 30 == 0; }));
  const auto out = run_threaded(settings, std::move(*net), data, cpu);
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.summary.end == run_end::finished);
  REQUIRE(out.summary.steps == 100);
  CHECK(out.summary.nonfinite_skipped == 3);
  CHECK(all_finite(out.weights));
  CHECK(out.summary.test["error"] < 50);
}

TEST_CASE("a run whose batches were all skipped has failed, and changed nothing") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  CAPTURE(policy);
  cpu_device cpu;
  auto data = toy();
  auto settings = three_groups(policy, 40);
  settings.skip_nonfinite = true;
  settings.steps = 1;
  for (auto& each : data.train.floats) each = std::numeric_limits<float>::quiet_NaN();
  const auto once = run_threaded(settings, "mlp:5-4x2-3", data, cpu);
  settings.steps = 40;
  const auto often = run_threaded(settings, "mlp:5-4x2-3", data, cpu);
  for (const auto* out : {&once, &often}) {
    CHECK(out->summary.end == run_end::failed);
    CHECK(out->summary.failure.find("every batch was skipped") == 0);
    CHECK(out->summary.failure.find("batch 0: ") != std::string::npos);
    CHECK(out->summary.nonfinite_skipped == out->summary.steps);
    CHECK(all_finite(out->weights));
  }
  CHECK(often.summary.steps == 40);
  CHECK(once.weights == often.weights);
}

TEST_CASE("a run that skips all of its last hundred batches has diverged, one that skips 99 has not") {
  const int first_bad = GENERATE(101, 102);
  cpu_device cpu;
  auto settings = three_groups("locked", 40);
  settings.skip_nonfinite = true;
  settings.steps = 200;
  auto net = make_network("mlp:5-4x2-3");
  net->units[2].push_back(std::make_unique<spoiler>([first_bad](int batch) { return batch >= first_bad; }));
  const auto out = run_threaded(settings, std::move(*net), toy(), cpu);
  const bool diverged = first_bad == 101;
  CHECK(out.summary.nonfinite_skipped == (diverged ? 100 : 99));
  CHECK(out.summary.end == (diverged ? run_end::failed : run_end::finished));
  const std::string skipped =
    "the last 100 batches were all skipped, as their numbers are NaN or infinite; the first time: ";
  CHECK(out.summary.failure.starts_with(skipped) == diverged);
  // Every group skips it, and what they say of it comes in any order.
  CHECK((out.summary.failure.find(", batch 100: ") != std::string::npos) == diverged);
  CHECK(all_finite(out.weights));
  CHECK(out.summary.test["error"] < 50);
}

TEST_CASE("an exception in a layer ends the run, names the group, and keeps the weights") {
  cpu_device cpu;
  const auto out = run_threaded(three_groups("synthetic", 40), with_probe([](int batch) {
                                  if (batch == 7) throw std::runtime_error("the device has gone away");
                                }),
                                toy(), cpu);
  REQUIRE(out.summary.end == run_end::failed);
  CHECK(out.summary.failure.find("group 1, batch 7: the device has gone away") != std::string::npos);
  CHECK(out.summary.lost_groups.empty());
  CHECK(out.weights.size() > 0);
  CHECK(all_finite(out.weights));
}

TEST_CASE("an exception in an observer ends the run, though it is the coordinator that meets it") {
  cpu_device cpu;
  const auto data = toy();
  auto settings = three_groups("locked", 40);
  settings.evaluate_every = 5;
  training_observer observer;
  observer.on_evaluation = [](const evaluation_report&) { throw std::runtime_error("the disk is full"); };
  auto run = training::prepare(settings, std::move(*make_network("mlp:5-4x2-3")), data, cpu, observer);
  REQUIRE(run);
  const auto summary = (*run)->run();
  CHECK(summary.end == run_end::failed);
  CHECK(summary.failure == "coordinator: the disk is full");
  CHECK(summary.steps == 5);
}

TEST_CASE("an interrupt from another thread ends a long run in order") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  CAPTURE(policy);
  cpu_device cpu;
  auto settings = three_groups(policy, 1'000'000'000);
  std::atomic<training*> running{nullptr};
  const auto out = run_threaded(settings, with_probe([&](int batch) {
                                  if (batch == 50) running.load()->interrupt();
                                }),
                                toy(), cpu, [&](training& run) { running = &run; });
  REQUIRE(out.summary.end == run_end::interrupted);
  CHECK(out.summary.steps >= 50);
  CHECK(out.summary.steps < 1000);
  CHECK(std::isfinite(out.summary.test["error"]));
  for (const auto& group : out.summary.groups) CHECK(group.updates >= out.summary.steps);
}

TEST_CASE("a run that was interrupted before it began ends after few batches") {
  cpu_device cpu;
  auto settings = three_groups("synthetic", 1'000'000'000);
  const auto out = run_threaded(settings, "mlp:5-4x2-3", toy(), cpu, [](training& run) { run.interrupt(); });
  CHECK(out.summary.end == run_end::interrupted);
  CHECK(out.summary.steps < 100'000);
}

TEST_CASE("settings that cannot work are refused in a line that says why") {
  cpu_device cpu;
  const auto data = toy();
  const auto refusal = [&](auto change, const std::string& model = "mlp:5-4x2-3") {
    auto settings = three_groups("synthetic", 40);
    change(settings);
    try {
      run_threaded(settings, model, data, cpu);
    } catch (const std::invalid_argument& reason) {
      return std::string(reason.what());
    }
    return std::string("accepted");
  };
  const auto same = [](training_settings&) {};
  CHECK(refusal(same, "mlp:7-4x2-3").find("takes 7 and tells 3") != std::string::npos);
  CHECK(refusal(same, "mlp:5-4x2-2").find("takes 5 and tells 2") != std::string::npos);
  CHECK(refusal([](auto& s) { s.policy = "magic"; }).find("locked") != std::string::npos);
  CHECK(refusal([](auto& s) { s.split = {1, 1}; }).find("3 in all for this --model, got '1,1'") != std::string::npos);
  CHECK(refusal([](auto& s) { s.split = {3, 0}; }).find("at least 1") != std::string::npos);
  CHECK(refusal([](auto& s) { s.lag = 2; }).find("deterministic") != std::string::npos);
  CHECK(refusal([](auto& s) { s.lag = 0, s.deterministic = true; }).find("expected 1 to 256") != std::string::npos);
  CHECK(refusal([](auto& s) { s.credits = 0; }).find("credits") != std::string::npos);
  CHECK(refusal([](auto& s) { s.batch_size = 1; }).find("batch: expected at least 2, because layer 1 (") !=
        std::string::npos);
  CHECK(refusal([](auto& s) { s.batch_size = 65; }).find("65") != std::string::npos);
  CHECK(refusal([](auto& s) { s.synthetic.kind = "oracle"; }).find("ridge") != std::string::npos);
  CHECK(refusal([](auto& s) { s.schedule = "half"; }) != "accepted");
  CHECK(refusal([](auto& s) { s.optimizer.name = "lamb"; }) != "accepted");
  CHECK(refusal(same) == "accepted");
}

TEST_CASE("a handler that never ends is reported with who waits for whom") {
  // Everything that the abandoned actors may still touch outlives them; a program would exit now.
  auto& cpu = *new cpu_device;
  auto& data = *new dataset(toy());
  auto& stuck = *new std::promise<void>;
  auto& never = *new std::promise<void>;
  auto settings = three_groups("locked", 40);
  settings.hang_after_s = 0.3;
  std::vector<std::string> notices;
  training_observer observer;
  observer.on_notice = [&](const std::string& line) { notices.push_back(line); };
  auto net = with_probe([&stuck, &never](int batch) {
    if (batch < 5) return;
    stuck.set_value();
    never.get_future().wait();
  });
  auto run = training::prepare(settings, std::move(net), data, cpu, observer);
  REQUIRE(run);
  const auto summary = (*run)->run();
  stuck.get_future().get(); // what the stuck group wrote until then may be read
  CHECK(summary.end == run_end::hung);
  CHECK(summary.steps == 5);
  CHECK(!(*run)->weights().empty());
  std::string all;
  for (const auto& line : notices) all += line + "\n";
  CAPTURE(all);
  CHECK(all.find("group 1: does not answer") != std::string::npos);
  CHECK(all.find("group 0: waits, in the turn of batch 5, for a gradient from group 1") != std::string::npos);
  CHECK(all.find("group 2: waits for an activation from group 1") != std::string::npos);
}

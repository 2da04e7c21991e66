// A run that goes on from what was saved of another is that other run: the same weights, bit for bit, the same
// evaluations and counts, whatever was in flight when it was saved. And to save a run does not change it.
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"

#include "models/saved_state.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/copy_task.hpp"
#include "runtime/data/digits.hpp"
#include "runtime/data/text_source.hpp"
#include "runtime/operators.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>

namespace syngrad::test {
namespace {

using saved_state = std::shared_ptr<const saved_run>;

struct saved_result {
  training_summary summary;
  std::vector<float> weights;
  std::vector<evaluation_report> evaluations;
  std::vector<std::string> notices, not_saved;
  std::vector<saved_state> saved;

  saved_state at(std::int64_t step) const {
    const auto found =
      std::find_if(saved.begin(), saved.end(), [step](const auto& each) { return each->step == step; });
    return found == saved.end() ? nullptr : *found;
  }
};

struct run_case {
  std::string name;
  training_settings settings;
  std::function<network()> net;
  const dataset* data;
};

run_case drawing_case(const std::string& name, const std::string& policy,
                      const std::function<void(training_settings&)>& change = {}) {
  run_case out{name, {}, drawing_network, &toy()};
  auto& settings = out.settings;
  settings.policy = policy;
  settings.split = {1, 1, 1, 1};
  settings.batch_size = 8;
  settings.steps = 24;
  settings.evaluate_every = 5;
  settings.learning_rate = 0.01f;
  settings.deterministic = true;
  settings.threads = 2;
  if (change) change(settings);
  return out;
}

saved_result run_saved(const run_case& what, cpu_device& cpu, const saved_state& from = nullptr,
                       const std::function<void(training&)>& started = {}) {
  configure_compute_thread();
  saved_result out;
  training_observer observer;
  observer.on_evaluation = [&](const evaluation_report& each) { out.evaluations.push_back(each); };
  observer.on_notice = [&](const std::string& line) { out.notices.push_back(line); };
  observer.on_checkpoint = [&](saved_state each) { out.saved.push_back(std::move(each)); };
  observer.on_checkpoint_failed = [&](const std::string& line) { out.not_saved.push_back(line); };
  auto run = training::prepare(what.settings, what.net(), *what.data, cpu, observer, nullptr, from);
  if (!run) throw std::invalid_argument(run.message());
  if (started) started(**run);
  out.summary = (*run)->run();
  for (const auto& each : (*run)->weights())
    out.weights.insert(out.weights.end(), each.value.f32(), each.value.f32() + each.value.elements());
  return out;
}

bool same_number(double one, double other) {
  return one == other || (std::isnan(one) && std::isnan(other));
}

void check_same_run(const group_report& one, const group_report& other) {
  CHECK(one.updates == other.updates);
  CHECK(one.clipped == other.clipped);
  CHECK(same_number(one.staleness, other.staleness));
  CHECK(same_number(one.cosine, other.cosine));
  CHECK(same_number(one.norm_ratio, other.norm_ratio));
  CHECK(same_number(one.residual_weight, other.residual_weight));
  CHECK(one.gate.predicting == other.gate.predicting);
  CHECK(one.gate.correcting == other.gate.correcting);
  CHECK(one.gate.waiting == other.gate.waiting);
  CHECK(one.gate.turns == other.gate.turns);
  CHECK(same_number(one.activation_rms, other.activation_rms));
  CHECK(std::isnan(one.audit_cosine) == std::isnan(other.audit_cosine)); // measured with the weights of the moment
  CHECK(same_number(one.optimizer_multiply_adds, other.optimizer_multiply_adds));
  CHECK(same_number(one.multiply_adds, other.multiply_adds));
  CHECK(one.samples == other.samples);
}

void check_same_run(const saved_result& one, const saved_result& other) {
  REQUIRE(one.summary.failure == "");
  REQUIRE(other.summary.failure == "");
  CHECK(one.weights == other.weights);
  CHECK(one.summary.steps == other.summary.steps);
  CHECK(same_number(one.summary.final_loss, other.summary.final_loss));
  for (const auto& each : one.summary.test) CHECK(same_number(each.value, other.summary.test[each.of.name]));
  REQUIRE(one.summary.groups.size() == other.summary.groups.size());
  for (std::size_t i = 0; i < one.summary.groups.size(); ++i) {
    CAPTURE(i);
    check_same_run(one.summary.groups[i], other.summary.groups[i]);
  }
  // Those of a continued run are the last ones of the other.
  const auto& all = one.evaluations;
  const auto& last = other.evaluations;
  REQUIRE(all.size() >= last.size());
  for (std::size_t i = 0; i < last.size(); ++i) {
    const auto& expected = all[all.size() - last.size() + i];
    CAPTURE(expected.step);
    CHECK(last[i].step == expected.step);
    CHECK(same_number(last[i].loss, expected.loss));
    CHECK(same_number(last[i].train_loss, expected.train_loss));
    REQUIRE(last[i].groups.size() == expected.groups.size());
    for (std::size_t k = 0; k < last[i].groups.size(); ++k) check_same_run(last[i].groups[k], expected.groups[k]);
  }
}

// Evaluations that a run which goes on from there has still to make: those after the last one that had been reported.
std::size_t evaluations_left(const saved_result& of, const saved_run& from, std::int64_t steps) {
  const auto evaluated = std::stoll(from.words.at("evaluated"));
  return static_cast<std::size_t>(std::count_if(of.evaluations.begin(), of.evaluations.end(), [&](const auto& each) {
    return each.step > evaluated || each.step == steps;
  }));
}

// Saves before each batch, and goes on from some of that: of the goers-on, too.
void check_case(run_case what) {
  CAPTURE(what.name);
  cpu_device cpu;
  const auto plain = run_saved(what, cpu);
  REQUIRE(plain.not_saved.empty());
  what.settings.checkpoint_every = 1;
  const auto whole = run_saved(what, cpu, nullptr, [](training& each) { each.checkpoint_now(); });
  check_same_run(plain, whole);
  CHECK(whole.not_saved.empty());
  REQUIRE(whole.saved.size() >= 3);
  REQUIRE(whole.saved.front()->step == 0);
  REQUIRE(whole.saved.back()->step == what.settings.steps);
  CHECK(std::is_sorted(whole.saved.begin(), whole.saved.end(),
                       [](const auto& one, const auto& other) { return one->step < other->step; }));
  for (std::size_t i = 0; i < whole.saved.size(); i += i < 4 ? 1 : 5) {
    const auto from = whole.saved[i];
    CAPTURE(from->step);
    what.settings.threads = i % 2 == 0 ? 2 : 1;
    const auto resumed = run_saved(what, cpu, from);
    for (const auto& each : resumed.notices) CHECK_THAT(each, !Catch::Matchers::Contains("dropped"));
    check_same_run(plain, resumed);
    CHECK(resumed.evaluations.size() == evaluations_left(plain, *from, what.settings.steps));
    if (i != 2 || resumed.saved.empty()) continue;
    const auto again = resumed.saved[resumed.saved.size() / 2];
    CAPTURE(again->step);
    REQUIRE(again->step > from->step);
    check_same_run(plain, run_saved(what, cpu, again));
  }
  const auto last = run_saved(what, cpu, whole.saved.back());
  check_same_run(plain, last);
}

dataset carried_episodes() {
  auto data = std::move(*make_copy_task("3", 1));
  REQUIRE(cut_windows(data, 4));
  data.test.text = data.test.text.part(0, 24 * 8);
  data.test.labels.resize(24 * 8);
  data.test.count = (24 * 8 - 1) / 4;
  return data;
}

run_case recurrent_case(const std::string& policy, const std::string& unroll, const dataset& data,
                        const std::string& model) {
  auto out = drawing_case(model + ", " + policy + ", " + unroll, policy);
  out.net = [model] { return std::move(*make_network(model)); };
  out.data = &data;
  out.settings.split = {1, 1, 1};
  out.settings.continuing_windows = true;
  out.settings.unroll = unroll_settings::parse(unroll).value();
  return out;
}

} // namespace

TEST_CASE("a run goes on bit for bit from any batch: locked and local") {
  check_case(drawing_case("locked", "locked"));
  check_case(drawing_case("local", "local"));
  for (const auto* head : {"mlp:5", "early-exit"})
    check_case(drawing_case(std::string("local ") + head, "local",
                            [&](auto& of) { of.local_head = local_head_choice::parse(head).value(); }));
  check_case(drawing_case("locked, one group", "locked", [](auto& of) { of.split = {4}; }));
  check_case(drawing_case("locked, validation, clipped", "locked", [](auto& of) {
    of.validation_fraction = 0.2;
    of.clip_norm = 0.3f;
    of.audit_every = 7;
  }));
}

TEST_CASE("a run goes on bit for bit from any batch: every predictor") {
  for (const auto* kind : {"ridge", "ridge:0.9@3", "exit", "head", "linear", "lowrank:2", "mlp:6", "zero"})
    check_case(
      drawing_case(std::string("synthetic ") + kind, "synthetic", [&](auto& of) { of.synthetic.kind = kind; }));
  check_case(drawing_case("synthetic, on some rows", "synthetic", [](auto& of) { of.synthetic.rows = 5; }));
  check_case(drawing_case("corrected mlp", "corrected", [](auto& of) { of.synthetic.kind = "mlp:6"; }));
}

TEST_CASE("a run goes on bit for bit from any batch: what policies may be told") {
  const auto with = [](const std::string& name, const std::string& policy, auto change) {
    check_case(drawing_case(policy + ", " + name, policy, change));
  };
  with("audited", "synthetic", [](auto& of) { of.audit_every = 3; });
  with("warmed up", "synthetic", [](auto& of) { of.warmup_batches = 9; });
  with("mixed targets", "synthetic", [](auto& of) { of.target_mix = 0.5f; });
  with("gradients of some", "synthetic", [](auto& of) { of.gradients = gradient_demand::parse("every:3").value(); });
  with("made again", "synthetic", [](auto& of) { of.recompute = true; });
  with("plain", "corrected", [](auto&) {});
  with("audited", "corrected", [](auto& of) { of.audit_every = 3; });
  with("some rows", "corrected", [](auto& of) { of.corrected = {3, true}; });
  with("every second", "corrected", [](auto& of) { of.correct = gradient_demand::parse_fixed("every:2").value(); });
  with("some by chance", "corrected", [](auto& of) { of.correct = gradient_demand::parse_fixed("p:0.4").value(); });
  with("weighed", "corrected", [](auto& of) { of.residual_weight = residual_weight::parse("auto").value(); });
  with("made again", "corrected", [](auto& of) { of.recompute = true; });
  with("late", "corrected", [](auto& of) { of.lag = 9; });
  with("plain", "gated", [](auto&) {});
  with("easily predicting", "gated", [](auto& of) { of.gate = gate_settings::parse("predict:0.1,wait:0.05").value(); });
}

TEST_CASE("a run goes on bit for bit from any batch: delayed gradients") {
  const auto with = [](const std::string& name, auto change) {
    check_case(drawing_case("delayed, " + name, "delayed", change));
  };
  with("plain", [](auto&) {});
  with("stash", [](auto& of) { of.stash_weights = true; });
  with("every fourth", [](auto& of) { of.update_batches = 4; });
  with("every sixth, clipped", [](auto& of) {
    of.update_batches = 6;
    of.clip_norm = 0.3f;
  });
  with("errors fed back", [](auto& of) { of.error_feedback = true; });
  with("made again", [](auto& of) { of.recompute = true; });
  with("stash, errors fed back, late", [](auto& of) {
    of.stash_weights = of.error_feedback = true;
    of.lag = 5;
  });
}

TEST_CASE("a run goes on bit for bit from any batch: pipelines") {
  for (const auto* schedule : {"gpipe", "1f1b", "interleaved:2", "zero-bubble", "zero-bubble:h2"})
    check_case(drawing_case(std::string("pipeline ") + schedule, "pipeline", [&](auto& of) {
      of.pipeline = pipeline_schedule::parse(schedule).value();
      of.micro_batches = 4;
    }));
}

TEST_CASE("a run goes on bit for bit from any batch: every optimizer") {
  const std::vector<optimizer_settings> all = {{.name = "sgd"},
                                               {.name = "sgd", .momentum = 0.9f},
                                               {.name = "adamw", .weight_decay = 0.01f},
                                               {.name = "nadam"},
                                               {.name = "lion"},
                                               {.name = "adam8bit"},
                                               {.name = "adafactor"},
                                               {.moments = "bf16"},
                                               {.name = "muon"},
                                               {.name = "muon", .muon_every = 3}};
  for (const auto& by : all)
    check_case(drawing_case("corrected by " + by.name + " " + by.moments, "corrected", [&](auto& of) {
      of.optimizer = by;
      of.learning_rate = 1e-3f;
      of.schedule = "warmup:5,cosine:0.1";
    }));
}

TEST_CASE("a run goes on bit for bit from any batch: recurrent networks that carry their state") {
  const auto data = carried_episodes();
  for (const auto* policy : {"locked", "delayed", "corrected"})
    for (const auto* unroll : {"truncated", "dni"})
      check_case(recurrent_case(policy, unroll, data, "lstm:2x8,chunk=4,vocab=10"));
  check_case(recurrent_case("synthetic", "dni", data, "gru:2x8,chunk=4,vocab=10"));
}

TEST_CASE("a run goes on bit for bit from any batch: images that are augmented, read ahead") {
  const auto data = make_digits(1, 300, 50);
  auto what = drawing_case("augmented", "synthetic", [](auto& of) {
    of.split = {1, 1, 1};
    of.batch_size = 32;
    of.augment = augmentation::parse("crop:2,flip").value();
  });
  what.net = [] { return std::move(*make_network("mlp:784-16x2-10")); };
  what.data = &data;
  check_case(what);
}

TEST_CASE("with another split, another policy or other predictors the layers go on, and what is dropped is told") {
  cpu_device cpu;
  auto what = drawing_case("corrected", "corrected", [](auto& of) { of.checkpoint_every = 10; });
  const auto whole = run_saved(what, cpu);
  const auto from = whole.at(20);
  REQUIRE(from);
  const auto first_loss = [&](const run_case& of) { // with the weights as they were
    const auto out = run_saved(of, cpu, from);
    REQUIRE(out.summary.failure == "");
    CHECK(out.summary.steps == of.settings.steps);
    REQUIRE(out.notices.size() == 1);
    return std::pair(out.evaluations.front(), out.notices.front());
  };
  const auto at_20 =
    std::find_if(whole.evaluations.begin(), whole.evaluations.end(), [](const auto& each) { return each.step == 20; });
  REQUIRE(at_20 != whole.evaluations.end());
  const auto check = [&](const std::string& told) {
    const auto [evaluation, notice] = first_loss(what);
    CHECK(evaluation.step == 20);
    CHECK(evaluation.loss == at_20->loss);
    for (const auto& each : evaluation.metrics) CHECK(same_number(each.value, at_20->metrics[each.of.name]));
    CHECK_THAT(notice, Catch::Matchers::Contains(told));
  };
  what.settings.split = {1, 3};
  check("4 groups then, 2 groups now; batches that were in flight are dropped; 1 predictor goes on, 0 begin anew");
  what.settings.split = {4};
  check("4 groups then, 1 group now; batches that were in flight are dropped");
  what.settings.split = {2, 2};
  what.settings.synthetic.kind = "linear";
  check("4 groups then, 2 groups now; batches that were in flight are dropped; 0 predictors go on, 1 begins anew");
  what.settings.split = {1, 1, 1, 1};
  what.settings.policy = "locked";
  what.settings.synthetic = {};
  check("4 groups then, 4 groups now; batches that were in flight are dropped");
  for (const auto* policy : {"synthetic", "delayed", "local", "gated"}) {
    what.settings.policy = policy;
    check("batches that were in flight are dropped");
  }
  what.settings.policy = "delayed";
  what.settings.update_batches = 5;
  check("batches that were in flight are dropped");
}

TEST_CASE("a run that is not deterministic goes on, too, and nothing hangs") {
  for (const auto* policy : {"locked", "synthetic", "corrected", "delayed", "local", "gated", "pipeline"}) {
    CAPTURE(policy);
    cpu_device cpu;
    auto what = drawing_case(policy, policy, [](auto& of) {
      of.deterministic = false;
      of.steps = 200;
      of.checkpoint_every = 3;
      of.micro_batches = std::string(of.policy) == "pipeline" ? std::optional<std::int64_t>(4) : std::nullopt;
      of.audit_every = std::string(of.policy) == "synthetic" ? 5 : 0;
    });
    const auto whole = run_saved(what, cpu);
    REQUIRE(whole.summary.failure == "");
    REQUIRE(whole.saved.size() > 10);
    for (std::size_t i = 0; i < whole.saved.size(); i += whole.saved.size() / 8) {
      const auto resumed = run_saved(what, cpu, whole.saved[i]);
      REQUIRE(resumed.summary.failure == "");
      CHECK(resumed.notices.empty());
      CHECK(resumed.summary.steps == 200);
      CHECK(resumed.summary.groups.front().samples == 200 * 8);
    }
  }
}

TEST_CASE("all that was saved counts: with any of it changed a run goes on to other weights") {
  cpu_device cpu;
  auto& work = cpu.make_stream();
  auto what = drawing_case("corrected", "corrected", [](auto& of) { of.checkpoint_every = 10; });
  const auto whole = run_saved(what, cpu);
  REQUIRE(whole.at(10));
  const auto changed = [&](std::size_t part, const std::string& name) {
    auto from = *whole.at(10);
    auto& all = from.parts[part].tensors;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
    REQUIRE(found != all.end());
    auto other = make_tensor(work, found->value.extents());
    work.ops().copy(work, found->value, other);
    work.ops().scale(work, other, 1.5f);
    found->value = other;
    return run_saved(what, cpu, std::make_shared<const saved_run>(from)).weights;
  };
  CHECK(changed(0, "0.weight") != whole.weights);
  CHECK(changed(1, "4.running_mean") != whole.weights);
  CHECK(changed(2, "8.generator") != whole.weights);
  CHECK(changed(3, "optimizer.9.0") != whole.weights);
  CHECK(changed(0, "predictor.1") != whole.weights);
  CHECK(changed(0, "window.9.prediction") != whole.weights);
  CHECK(changed(1, "window.8.cache.saved.0") != whole.weights);
}

TEST_CASE("what fits no run is refused before anything starts, and says what is wrong") {
  cpu_device cpu;
  auto what = drawing_case("corrected", "corrected", [](auto& of) { of.checkpoint_every = 10; });
  const auto whole = *run_saved(what, cpu).at(10);
  const auto refusal = [&](const run_case& of, const saved_run& from) -> std::string {
    auto prepared =
      training::prepare(of.settings, of.net(), *of.data, cpu, {}, nullptr, std::make_shared<const saved_run>(from));
    return prepared ? "" : prepared.message();
  };
  const auto spoilt = [&](auto spoil) {
    auto from = whole;
    spoil(from);
    return refusal(what, from);
  };
  CHECK(spoilt([](saved_run&) {}) == "");
  const auto tensor_named = [](saved_run& of, std::size_t part, const std::string& name) {
    auto& all = of.parts[part].tensors;
    return std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
  };
  CHECK(spoilt([](saved_run& of) { of.parts.erase(of.parts.begin() + 1); }) ==
        "the saved run: the part 'group1' is missing");
  CHECK(spoilt([](saved_run& of) { of.parts.pop_back(); }) == "the saved run: the part 'source' is missing");
  CHECK(spoilt([](saved_run& of) { of.step = 9; }) == "the saved state of the run: 10 batches were done, not 9");
  CHECK(spoilt([](saved_run& of) { of.words.erase("progress.done"); }) ==
        "the saved state of the run: 'progress.done' is missing");
  CHECK(spoilt([&](saved_run& of) { of.parts[1].tensors.erase(tensor_named(of, 1, "3.weight")); }) ==
        "the saved state of group1: '3.weight' is missing");
  CHECK(spoilt([&](saved_run& of) {
          tensor_named(of, 0, "optimizer.0.1")->value = make_tensor(cpu.make_stream(), {3});
        }).starts_with("the saved state of group0: 'optimizer.0.1' is f32 [3], not f32 ["));
  CHECK(spoilt([&](saved_run& of) { of.parts[0].tensors.erase(tensor_named(of, 0, "window.9.output")); }) ==
        "the saved state of group0: 'window.9.output' is missing");
  CHECK(spoilt([&](saved_run& of) { of.parts[0].tensors.erase(tensor_named(of, 0, "predictor.0")); }) ==
        "the saved state of group0: 'predictor.0' is missing");
  CHECK(spoilt([](saved_run& of) { of.parts[0].words["window.batches"] = "9 8"; }) ==
        "the saved state of group0: 'window.batches' cannot be '9 8'");

  auto other = what;
  other.settings.batch_size = 16;
  CHECK(refusal(other, whole) == "batch: the saved run has batches of 8 samples, not 16");
  other = what;
  other.settings.steps = 9;
  CHECK(refusal(other, whole) == "steps: the saved run is at step 10 already, beyond 9");
  other = what;
  other.settings.optimizer.name = "lion";
  CHECK(refusal(other, whole).starts_with("the saved run has another optimizer: adam, "));
  other = what;
  other.net = [] { return std::move(*make_network("mlp:5-4x3-3")); };
  CHECK(refusal(other, whole).starts_with("the saved run has another network: linear 5->7"));
}

TEST_CASE("a checkpoint that is asked for when the last batch has gone is refused, and the run ends") {
  cpu_device cpu;
  auto what = drawing_case("locked", "locked");
  training* running = nullptr;
  saved_result out;
  training_observer observer;
  observer.on_evaluation = [&](const evaluation_report& each) {
    if (each.step == what.settings.steps) running->checkpoint_now();
  };
  observer.on_checkpoint = [&](saved_state each) { out.saved.push_back(std::move(each)); };
  observer.on_checkpoint_failed = [&](const std::string& line) { out.not_saved.push_back(line); };
  auto prepared = training::prepare(what.settings, what.net(), *what.data, cpu, observer);
  REQUIRE(prepared);
  running = prepared->get();
  CHECK(running->run().failure == "");
  CHECK(out.saved.empty());
  REQUIRE(out.not_saved.size() == 1);
  CHECK(out.not_saved.front() == "no checkpoint is taken any more: the last batch has been sent");
}

TEST_CASE("an interrupted run is saved as it is asked for before, and goes on as if it had not been interrupted") {
  cpu_device cpu;
  auto what = drawing_case("corrected", "corrected", [](auto& of) { of.steps = 60; });
  const auto plain = run_saved(what, cpu);
  saved_result out;
  training* running = nullptr;
  training_observer observer;
  observer.on_evaluation = [&](const evaluation_report& each) {
    if (each.step != 20) return;
    running->checkpoint_now();
    running->interrupt();
  };
  observer.on_checkpoint = [&](saved_state each) { out.saved.push_back(std::move(each)); };
  auto prepared = training::prepare(what.settings, what.net(), *what.data, cpu, observer);
  REQUIRE(prepared);
  running = prepared->get();
  CHECK(running->run().end == run_end::interrupted);
  REQUIRE(out.saved.size() == 1);
  CHECK(out.saved.front()->step >= 20);
  check_same_run(plain, run_saved(what, cpu, out.saved.front()));
}

TEST_CASE("whatever the order of messages, and on a late device, a run is saved and goes on as without") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local", "gated");
  CAPTURE(policy);
  auto what = drawing_case(policy, policy, [](auto& of) {
    of.batch_size = 4;
    of.steps = 20;
    of.evaluate_every = 7;
  });
  configure_compute_thread();
  cpu_device cpu;
  const auto expected = run_scheduled(what.settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  what.settings.checkpoint_every = 3;
  for (std::uint64_t seed = 1; seed < 13; ++seed) {
    CAPTURE(seed);
    late_device late(seed);
    std::vector<saved_state> saved;
    training_observer observer;
    observer.on_checkpoint = [&](saved_state each) { saved.push_back(std::move(each)); };
    const auto out = run_scheduled(what.settings, "mlp:5-4x3-3", toy(), late, {seed, {}, &late}, observer);
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.weights == expected.weights);
    REQUIRE(saved.size() >= 2);
    const auto from = saved[seed % saved.size()];
    CAPTURE(from->step);
    schedule order{seed + 100, {}, &late};
    order.from = from;
    const auto resumed = run_scheduled(what.settings, "mlp:5-4x3-3", toy(), late, order);
    REQUIRE(resumed.stuck == "");
    REQUIRE(resumed.summary.failure == "");
    REQUIRE(resumed.weights == expected.weights);
    order.late = nullptr;
    REQUIRE(run_scheduled(what.settings, "mlp:5-4x3-3", toy(), cpu, order).weights == expected.weights);
  }
}

TEST_CASE("a run with emulated links is saved, its marks travel as its batches do") {
  cpu_device cpu;
  auto what = drawing_case("linked", "corrected", [](auto& of) {
    of.deterministic = false;
    of.steps = 60;
    of.checkpoint_every = 7;
    of.link = emulated_network::parse("delay@*:1ms").value();
  });
  const auto whole = run_saved(what, cpu);
  REQUIRE(whole.summary.failure == "");
  REQUIRE(whole.saved.size() >= 3);
  const auto resumed = run_saved(what, cpu, whole.saved[1]);
  CHECK(resumed.summary.failure == "");
  CHECK(resumed.summary.steps == 60);
}

} // namespace syngrad::test

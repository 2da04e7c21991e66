// What is refused before anything is built or started, and by which name.
#include "actors/run_check.hpp"
#include "actors/settings.hpp"
#include "actors/training.hpp"
#include "models/layers/linear.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"

#include <limits>

using namespace syngrad;
using namespace syngrad::test;

namespace {

training_settings small_run() {
  training_settings settings;
  settings.batch_size = 4;
  settings.steps = 10;
  settings.split = {1, 1};
  return settings;
}

std::string refusal(const std::function<void(training_settings&)>& spoil) {
  auto settings = small_run();
  spoil(settings);
  return check_settings(settings) ? "" : check_settings(settings).message();
}

template <class... Layers>
layer_list unit(Layers... layers) {
  layer_list out;
  (out.push_back(std::make_unique<linear>(layers.first, layers.second, true)), ...);
  return out;
}

using widths = std::pair<std::int64_t, std::int64_t>;

network two_units(widths first, widths second, std::int64_t inputs = 5) {
  network net{"by hand", {{inputs}}, {}};
  net.units.push_back(unit(first));
  net.units.push_back(unit(second));
  return net;
}

// What training::prepare() says, and how much memory it had taken by then.
std::string prepare_fault(network net, training_settings settings = small_run()) {
  cpu_device cpu;
  const auto made = training::prepare(std::move(settings), std::move(net), toy(), cpu);
  if (made) return "";
  REQUIRE(cpu.memory().counters().bytes == 0);
  return made.message();
}

} // namespace

TEST_CASE("a network made by hand whose layers do not fit is refused before anything is built, with the layer") {
  CHECK(prepare_fault(two_units({5, 8}, {8, 3})) == "");
  CHECK(prepare_fault(two_units({5, 8}, {9, 3})) ==
        "model 'by hand': layer 1 (linear 9->3) takes 9 features, but what is below it gives 8 features");
  CHECK(prepare_fault(two_units({4, 8}, {8, 3})) ==
        "model 'by hand': layer 0 (linear 4->8) takes 4 features, but what is below it gives 5 features");
  CHECK(prepare_fault(two_units({5, 8}, {8, 4})) == ""); // a class that no sample has
  auto hollow = two_units({5, 8}, {8, 3});
  hollow.units.insert(hollow.units.begin() + 1, layer_list());
  CHECK(prepare_fault(std::move(hollow)) == "model 'by hand': unit 1 has no layers; give it at least one");
  auto broken = two_units({5, 8}, {8, 3});
  broken.units[1].push_back(nullptr);
  CHECK(prepare_fault(std::move(broken)) == "model 'by hand': layer 2 is null");
  CHECK(prepare_fault({"by hand", {{5}}, {}}).find("it has no layers") != std::string::npos);
}

TEST_CASE("a network that fits itself and not the data is refused with the sizes of both") {
  const auto fault = prepare_fault(two_units({6, 8}, {8, 3}, 6));
  CHECK(fault.starts_with("model: the data '"));
  CHECK(fault.find("has 5 features and 3 classes, but by hand takes 6 and tells 3") != std::string::npos);
  auto settings = small_run();
  settings.batch_size = 65;
  CHECK(prepare_fault(two_units({5, 8}, {8, 3}), settings).starts_with("batch: expected at most 64, "));
  settings.batch_size = 40;
  settings.validation_fraction = 0.5;
  CHECK(prepare_fault(two_units({5, 8}, {8, 3}), settings).starts_with("batch: expected at most 32, "));
}

TEST_CASE("a batch of one is refused only where something takes statistics of a batch") {
  auto settings = small_run();
  settings.batch_size = 1;
  CHECK(prepare_fault(two_units({5, 8}, {8, 3}), settings) == "");
  CHECK(prepare_fault(std::move(*make_network("mlp:5-4-3")), settings) ==
        "batch: expected at least 2, because layer 1 (batch norm 4 + relu) takes statistics of a batch, got 1");
  settings.policy = "synthetic";
  CHECK(prepare_fault(two_units({5, 8}, {8, 3}), settings) == "");
  settings.synthetic.kind = "mlp:8";
  CHECK(prepare_fault(two_units({5, 8}, {8, 3}), settings) ==
        "batch: expected at least 2, because the predictor mlp:8 takes statistics of a batch, got 1");
}

TEST_CASE("correcting some rows is refused where it cannot be, by the policy, the batch, the audit or the layer") {
  const auto corrected = [](auto change) {
    return refusal([&](training_settings& s) {
      s.policy = "corrected";
      s.corrected = {2, true};
      change(s);
    });
  };
  CHECK(corrected([](auto&) {}) == "");
  CHECK(corrected([](auto& s) { s.corrected.samples = 4; }) == "");
  CHECK(corrected([](auto& s) { s.policy = "synthetic"; }) ==
        "correct-rows: expected --policy corrected with it, got synthetic; leave it out");
  CHECK(corrected([](auto& s) { s.corrected.samples = 5; }) ==
        "correct-rows: expected at most 4, the samples of a --batch, got 5");
  CHECK(corrected([](auto& s) { s.audit_every = 3; }).starts_with("correct-rows: --audit measures against"));

  class whole_batches : public linear {
  public:
    using linear::linear;
    bool goes_back_by_samples() const override { return false; }
  };
  const auto with_layer = [](std::size_t unit) {
    auto net = two_units({5, 8}, {8, 3});
    net.units[unit][0] = std::make_unique<whole_batches>(unit == 0 ? 5 : 8, unit == 0 ? 8 : 3, true);
    auto settings = small_run();
    settings.policy = "corrected";
    settings.corrected = {2, true};
    return prepare_fault(std::move(net), settings);
  };
  CHECK(with_layer(1) == ""); // the top group's own gradient is of all samples
  CHECK(with_layer(0) ==
        "correct-rows: expected all, because layer 0 (linear 5->8) has no backward pass of some samples "
        "of a batch; leave it out");
}

TEST_CASE("a local head is refused where no group has one, where --sg says another, and where there are no labels") {
  const auto with_head = [](const std::string& policy, const std::string& kind) {
    return refusal([&](auto& s) {
      s.policy = policy;
      s.local_head = *local_head_choice::parse("mlp:6");
      s.synthetic.kind = kind;
    });
  };
  CHECK(with_head("local", "auto") == "");
  CHECK(with_head("local", "head:mlp:6") == ""); // as run.ini has it
  CHECK(with_head("local", "head").starts_with("local-head: got mlp:6, but --sg head; leave --sg out"));
  for (const auto* policy : {"synthetic", "corrected", "delayed", "locked", "pipeline", "gated"})
    CHECK(
      with_head(policy, "auto").starts_with("local-head: expected a policy with it whose groups learn from losses"));
  auto settings = small_run();
  settings.policy = "local";
  settings.synthetic.labels = false;
  CHECK(prepare_fault(two_units({5, 8}, {8, 3}), settings)
          .starts_with("local-head: got 'head' above unit 0: synthetic-gradient model 'head': it learns from labels"));
}

TEST_CASE("correcting a share of the batches is refused where nothing is corrected, and beside audits") {
  const auto corrected = [](auto change) {
    return refusal([&](training_settings& s) {
      s.policy = "corrected";
      s.correct.every = 4;
      change(s);
    });
  };
  CHECK(corrected([](auto&) {}) == "");
  CHECK(corrected([](auto& s) { s.corrected = {2, true}; }) == "");
  for (const auto* policy : {"synthetic", "delayed", "locked", "local"})
    CHECK(corrected([&](auto& s) { s.policy = policy; }).starts_with("correct: expected all, because --policy "));
  CHECK(corrected([](auto& s) { s.audit_every = 3; }).starts_with("correct: --audit measures against"));
  CHECK(corrected([](auto& s) { s.gradients.every = 2; }).starts_with("gradients: expected all, because"));
}

TEST_CASE("bounds of a gate, weights of corrections and mixes of targets are refused where nothing goes by them") {
  const auto with = [](const std::string& policy, auto change) {
    return refusal([&](training_settings& s) {
      s.policy = policy;
      change(s);
    });
  };
  const auto bounds = [](auto& s) { s.gate.predict = 0.7; };
  const auto weight = [](auto& s) { s.residual_weight.fixed.reset(); };
  const auto mix = [](auto& s) { s.target_mix = 0.5f; };
  CHECK(with("gated", bounds) == "");
  CHECK(with("gated", weight) == "");
  CHECK(with("corrected", weight) == "");
  CHECK(with("synthetic", mix) == "");
  for (const auto* policy : {"locked", "delayed", "corrected", "local", "synthetic"}) {
    CAPTURE(policy);
    CHECK(with(policy, bounds).starts_with("gate: expected a policy with it that goes by bounds, as --policy gated"));
  }
  for (const auto* policy : {"locked", "delayed", "corrected", "local", "gated"}) {
    CAPTURE(policy);
    CHECK(with(policy, mix).starts_with("target-mix: expected 0, because what --policy "));
  }
  CHECK(with("synthetic", weight).starts_with("residual-weight: expected a policy with it that corrects"));
  CHECK(with("gated", [](auto& s) { s.gradients.every = 2; }).starts_with("gradients: expected all"));
  CHECK(with("gated", [](auto& s) { s.correct.every = 2; }).starts_with("correct: expected all"));
}

TEST_CASE("a lag has one range: from what the policy can do to the same end everywhere") {
  const auto lag = [](int value, const std::string& policy) {
    return refusal([&](training_settings& s) {
      s.policy = policy;
      s.deterministic = true;
      s.lag = value;
    });
  };
  CHECK(lag(1, "synthetic") == "");
  CHECK(lag(most_lag, "synthetic") == "");
  CHECK(lag(0, "delayed") == "");
  CHECK(lag(0, "synthetic") == "lag: expected 1 to 256 with --policy synthetic, got 0");
  CHECK(lag(most_lag + 1, "delayed") == "lag: expected a whole number from 0 to 256, got '257'");
  CHECK(lag(-1, "locked") == "lag: expected a whole number from 0 to 256, got '-1'");
}

TEST_CASE("numbers out of range are refused by the name of the setting") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(refusal([](auto&) {}) == "");
  CHECK(refusal([](auto& s) { s.steps = 0; }) == "steps: expected a whole number of at least 1, got '0'");
  CHECK(refusal([](auto& s) { s.batch_size = 0; }) == "batch: expected a whole number from 1 to 16777216, got '0'");
  CHECK(refusal([](auto& s) { s.credits = most_credits + 1; }) ==
        "credits: expected a whole number from 1 to 65536, got '65537'");
  CHECK(refusal([](auto& s) { s.threads = most_threads + 1; }) ==
        "threads: expected a whole number from 1 to 4096, got '4097'");
  CHECK(refusal([](auto& s) { s.intra_op = 0; }) == "intra-op: expected a whole number from 1 to 4096, got '0'");
  CHECK(refusal([nan](auto& s) { s.learning_rate = nan; }).starts_with("lr: "));
  CHECK(refusal([](auto& s) { s.synthetic_learning_rate = 0; }).starts_with("sg-lr: "));
  CHECK(refusal([](auto& s) { s.validation_fraction = 1; }).starts_with("validation: "));
  CHECK(refusal([](auto& s) { s.validation_fraction = nan; }).starts_with("validation: "));
  CHECK(refusal([](auto& s) { s.target = metric_target{"error", false, 101}; }).starts_with("target: "));
  CHECK(refusal([](auto& s) { s.hang_after_s = -1; }).starts_with("hang-after: "));
  CHECK(refusal([](auto& s) { s.schedule = "0.5"; }).starts_with("schedule: "));
  CHECK(refusal([](auto& s) { s.synthetic.kind = "rige"; }).starts_with("sg: "));
  CHECK(refusal([](auto& s) { s.policy = "lucked"; }).starts_with("policy: "));
  CHECK(refusal([](auto& s) { s.optimizer.momentum = 0.5f; }).starts_with("momentum: expected --optimizer sgd"));
  CHECK(refusal([](auto& s) { s.optimizer.muon_every = 5; }).starts_with("muon-every: expected --optimizer muon"));
  CHECK(refusal([](auto& s) { s.synthetic.optimizer.muon_every = 5; }).starts_with("sg-muon-every: expected"));
  for (const auto* name : {"sgd", "adam8bit"})
    CHECK(refusal([name](auto& s) {
            s.optimizer.name = name;
            s.optimizer.moments = "bf16";
          }).starts_with("moments: expected --optimizer adam"));
  CHECK(refusal([](auto& s) { s.synthetic.optimizer.moments = "f16"; }).starts_with("sg-moments: "));
  CHECK(
    refusal([](auto& s) { s.optimizer.relative_steps = true; }).starts_with("relative-steps: expected --optimizer"));
  CHECK(refusal([](auto& s) {
          s.optimizer.name = "adafactor";
          s.optimizer.beta1 = 0.5f;
        }).starts_with("betas: "));
  CHECK(
    refusal([](auto& s) { s.momentum_by_delay = true; }).starts_with("momentum-by-delay: expected --optimizer nadam"));
  for (const auto* policy : {"locked", "synthetic", "corrected"})
    CHECK(refusal([policy](auto& s) {
            s.policy = policy;
            s.optimizer.name = "nadam";
            s.momentum_by_delay = true;
          }).find("use it with --policy delayed") != std::string::npos);
  for (const auto* policy : {"locked", "synthetic", "local", "delayed"}) {
    CAPTURE(policy);
    const auto alone = [policy](auto change) {
      return [policy, change](auto& s) {
        s.policy = policy;
        s.split = std::string(policy) == "delayed" ? std::vector<int>{2} : std::vector<int>{1, 1};
        change(s);
      };
    };
    CHECK(refusal(alone([](auto& s) { s.stash_weights = true; })).starts_with("weights: expected current"));
    CHECK(refusal(alone([](auto& s) { s.error_feedback = true; })).find("--policy delayed") != std::string::npos);
    CHECK(refusal(alone([](auto& s) { s.discount_by_delay = true; })).find("--policy delayed") != std::string::npos);
  }
  const auto late = [](auto change) {
    return refusal([change](auto& s) {
      s.policy = "delayed";
      s.split = {1, 1, 1};
      s.deterministic = true;
      change(s);
    });
  };
  CHECK(late([](auto& s) { s.stash_weights = s.error_feedback = s.discount_by_delay = true; }) == "");
  CHECK(late([](auto& s) { s.update_batches = 3; }) == "");
  CHECK(late([](auto& s) { s.update_batches = 2; }) ==
        "update: expected at least every:3, because as many groups work on batches at once, got every:2; use every:3 "
        "with a smaller --batch, or fewer groups");
  CHECK(late([](auto& s) {
          s.update_batches = 4;
          s.lag = 5;
        }) == "lag: expected at most 4, the batches of an --update, got 5");
  CHECK(late([](auto& s) {
          s.update_batches = 4;
          s.discount_by_delay = true;
        }).starts_with("delay-lr: no group's gradients come more than one update late"));
  CHECK(late([](auto& s) {
          s.policy = "corrected";
          s.update_batches = 3;
        }).starts_with("update: expected every:1 with --policy corrected"));
  CHECK(refusal([](auto& s) { s.optimizer.adam_ratio = 1; }).starts_with("adam-ratio: expected --optimizer muon"));
  CHECK(refusal([](auto& s) {
          s.synthetic.optimizer.name = "sgd";
          s.synthetic.optimizer.nesterov = true;
        }).starts_with("sg-nesterov: "));
}

TEST_CASE("what depends on time is refused in a deterministic run, with what to use instead") {
  CHECK(refusal([](training_settings& s) { s.time_limit_s = 1; }) == "");
  CHECK(refusal([](training_settings& s) {
          s.time_limit_s = 1;
          s.deterministic = true;
        }) == "for: --deterministic cannot depend on how fast this machine is; use --steps or --epochs");
  CHECK(refusal([](training_settings& s) {
          s.evaluate_every_s = 1;
          s.deterministic = true;
        }) == "eval-seconds: --deterministic cannot depend on how fast this machine is; use --eval-every");
}

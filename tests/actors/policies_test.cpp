// What each policy has its group do, step by step, without actors: a recorder stands in for the group.
#include "actors/settings.hpp"
#include "actors/update_policy.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace syngrad;

namespace {

class recorder : public policy_actions {
public:
  explicit recorder(stream& s) : s_(s) {}
  std::vector<std::string> log;

  tensor update(batch_record& of, applied_gradient applied, const tensor& dy, std::int64_t terms,
                bool input_gradient) override {
    REQUIRE(terms == of.terms);
    note("update " + std::string(name_of(applied)) + " " + value(dy) + (input_gradient ? " with dx" : ""));
    return number(value_of(dy) * 10);
  }
  tensor begin_update(batch_record&, const tensor& dy, bool input_gradient) override {
    note("begin update with " + value(dy));
    return input_gradient ? number(value_of(dy) * 10) : tensor();
  }
  void complete_update(batch_record&, applied_gradient, std::int64_t terms) override {
    note("complete update over " + std::to_string(terms));
  }
  void accumulate(batch_record&, tensor dy, float weight) override {
    note("accumulate " + value(dy) + (weight == 1 ? "" : " times " + std::to_string(weight).substr(0, 4)));
  }
  void apply_accumulated(std::int64_t terms) override { note("apply accumulated over " + std::to_string(terms)); }
  tensor input_gradient(batch_record&, const tensor& dy) override {
    note("input gradient of " + value(dy));
    return number(value_of(dy) * 10);
  }
  tensor difference(const tensor& a, const tensor& b) override { return number(value_of(a) - value_of(b)); }
  tensor mixture(const tensor& a, const tensor& b, float share) override {
    return number(share * value_of(a) + (1 - share) * value_of(b));
  }
  std::int64_t staleness(const batch_record&) const override { return stale; }
  void choose_samples(batch_record&, const tensor& loss_gradient, const sample_choice& how) override {
    note("choose " + how.text() + " by " + value(loss_gradient));
    chooses_ = true;
  }
  tensor of_chosen(batch_record&, const tensor& values) override {
    return chooses_ ? number(value_of(values) / 10) : values;
  }
  void send_down(batch_record&, gradient_kind kind, tensor values) override {
    static const char* const names[] = {"true", "bootstrapped", "none"};
    note(std::string("send ") + names[static_cast<int>(kind)] + (values ? " " + value(values) : ""));
  }
  void train_predictor(batch_record&, gradient_kind, const tensor& received) override {
    note("train predictor" + (received ? " towards " + value(received) : ""));
  }
  void passes_gate(batch_record& record, gate_state state) override { record.gate = state; }
  void finish(batch_record&) override { note("finish"); }

  std::int64_t stale = 0;

  tensor number(float value) {
    auto out = make_tensor(s_, {1});
    out.f32()[0] = value;
    return out;
  }

private:
  void note(std::string line) { log.push_back(std::move(line)); }
  static float value_of(const tensor& t) { return t.f32()[0]; }
  static std::string value(const tensor& t) { return std::to_string(static_cast<int>(value_of(t))); }
  stream& s_;
  bool chooses_ = false;
};

struct bench {
  cpu_device cpu;
  stream& s = cpu.make_stream();
  recorder group{s};
  batch_record record;

  bench() { record.terms = 7; }
  // A batch's turn with prediction 3, then its gradient 5 (or none), then the end.
  std::vector<std::string> run(update_policy& policy, gradient_kind kind = gradient_kind::truth) {
    if (policy.predicts(record.batch)) record.prediction = group.number(3);
    policy.on_turn(group, record);
    policy.on_gradient(group, record, kind, kind == gradient_kind::none ? tensor{} : group.number(5));
    policy.on_end(group);
    return group.log;
  }
};

using calls = std::vector<std::string>;

std::unique_ptr<update_policy> policy_of(const std::string& name, std::int64_t warmup = 0) {
  training_settings settings;
  settings.policy = name;
  settings.warmup_batches = warmup;
  return std::move(*make_update_policy(settings));
}

} // namespace

TEST_CASE("locked and delayed update with the gradient that comes, and pass it on") {
  const std::string name = GENERATE("locked", "delayed");
  bench b;
  const auto policy = policy_of(name);
  REQUIRE(b.run(*policy) == calls{"update true 5 with dx", "send true 50", "finish"});
  REQUIRE_FALSE(policy->predicts(0));
  REQUIRE(policy->waits_for_gradient(0) == (name == "locked"));
}

TEST_CASE("a pipeline updates with the gradient that comes, or with its second part when there is time") {
  training_settings settings;
  settings.policy = "pipeline";
  settings.split = {1, 1, 1, 1};
  settings.micro_batches = 6;
  bench whole, split;
  REQUIRE(whole.run(*std::move(*make_update_policy(settings))) ==
          calls{"update true 5 with dx", "send true 50", "finish"});
  settings.pipeline = pipeline_schedule::parse("zero-bubble").value();
  const auto policy = std::move(*make_update_policy(settings));
  REQUIRE(split.run(*policy) == calls{"begin update with 5", "send true 50"});
  policy->on_leisure(split.group, split.record);
  REQUIRE(split.group.log.at(2) == "complete update over 7");
  REQUIRE(split.group.log.at(3) == "finish");
}

TEST_CASE("the turns of a pipeline wait for the gradients that its schedule has due by then, of their own batch") {
  training_settings settings;
  settings.policy = "pipeline";
  settings.split = {1, 1, 1, 1};
  settings.micro_batches = 5;
  const auto due = [&](const std::string& schedule, int group) {
    settings.pipeline = pipeline_schedule::parse(schedule).value();
    const auto policy = std::move(*make_update_policy(settings));
    std::string text;
    for (std::uint64_t batch = 5; batch < 10; ++batch) {
      const auto by = policy->due_by(batch, group, 4);
      text += (text.empty() ? "" : " ") + (by ? std::to_string(*by) : "-");
    }
    return text;
  };
  CHECK(due("gpipe", 0) == "- - - - 9");
  CHECK(due("gpipe", 3) == "- - - - 9");
  CHECK(due("1f1b", 0) == "- - - 5 9");
  CHECK(due("1f1b", 2) == "- 5 6 7 9");
  CHECK(due("1f1b", 3) == "5 6 7 8 9");
  CHECK(due("zero-bubble:h2", 1) == "- - - - 9");
  CHECK(due("interleaved:2", 3) == "5 6 7 8 9");
}

TEST_CASE("synthetic updates with the prediction, sends what it becomes, and learns from what comes") {
  bench b;
  const auto policy = policy_of("synthetic");
  REQUIRE(b.run(*policy, gradient_kind::bootstrapped) ==
          calls{"update synthetic 3 with dx", "send bootstrapped 30", "train predictor towards 5", "finish"});
}

TEST_CASE("synthetic with a mix of targets sends what comes of both, when the gradient is there") {
  const auto mixes = [](float part, gradient_kind kind) {
    training_settings settings;
    settings.policy = "synthetic";
    settings.target_mix = part;
    bench b;
    return b.run(*std::move(*make_update_policy(settings)), kind);
  };
  // 0.5 * 5 + 0.5 * 3
  REQUIRE(mixes(0.5f, gradient_kind::truth) == calls{"update synthetic 3", "train predictor towards 5",
                                                     "input gradient of 4", "send bootstrapped 40", "finish"});
  REQUIRE(mixes(1, gradient_kind::truth) ==
          calls{"update synthetic 3", "train predictor towards 5", "input gradient of 5", "send true 50", "finish"});
  REQUIRE(mixes(1, gradient_kind::bootstrapped)[3] == "send bootstrapped 50");
  REQUIRE(mixes(0.5f, gradient_kind::none) ==
          calls{"update synthetic 3", "input gradient of 3", "send bootstrapped 30", "finish"});
  REQUIRE(mixes(0, gradient_kind::truth) ==
          calls{"update synthetic 3 with dx", "send bootstrapped 30", "train predictor towards 5", "finish"});
}

TEST_CASE("a gated interface does with a batch what its turn found the gate to be, whatever the gate is by then") {
  const auto measured = [](double cosine) { return prediction_measure{cosine, 1, 0.1, true}; };
  training_settings settings;
  settings.policy = "gated";
  const auto policy = std::move(*make_update_policy(settings));
  const auto run = [&](gradient_kind kind, auto between) {
    bench b;
    b.record.prediction = b.group.number(3);
    policy->on_turn(b.group, b.record);
    between();
    policy->on_gradient(b.group, b.record, kind, kind == gradient_kind::none ? tensor{} : b.group.number(5));
    return b.group.log;
  };
  const auto measure_often = [&](double cosine) {
    for (int i = 0; i < 100; ++i) policy->on_measured(measured(cosine));
  };
  const auto nothing = [] {};
  REQUIRE(policy->predicts(0));
  REQUIRE_FALSE(policy->updates_alone(0));
  REQUIRE(run(gradient_kind::truth, nothing) ==
          calls{"train predictor towards 5", "update true 5 with dx", "send true 50", "finish"});
  REQUIRE(run(gradient_kind::bootstrapped, nothing)[1] == "update bootstrapped 5 with dx");
  REQUIRE(run(gradient_kind::none, nothing) == calls{"send none", "finish"});
  measure_often(0.5);
  REQUIRE(policy->updates_alone(0));
  const calls corrects{
    "update synthetic 3", "train predictor towards 5", "accumulate 2", "input gradient of 5", "send true 50", "finish"};
  REQUIRE(run(gradient_kind::truth, nothing) == corrects);
  REQUIRE(run(gradient_kind::truth, [&] { measure_often(0.95); }) == corrects);
  const calls predicts{"update synthetic 3 with dx", "send bootstrapped 30", "train predictor towards 5", "finish"};
  REQUIRE(run(gradient_kind::truth, nothing) == predicts);
  REQUIRE(run(gradient_kind::truth, [&] { measure_often(0); }) == predicts);
  REQUIRE_FALSE(policy->updates_alone(0));
}

TEST_CASE("corrected applies prediction and residual, which add up to the true gradient, and sends the true one") {
  bench b;
  const auto policy = policy_of("corrected");
  REQUIRE(b.run(*policy) == calls{"update synthetic 3", "train predictor towards 5", "accumulate 2",
                                  "input gradient of 5", "send true 50", "finish", "apply accumulated over 7"});
}

TEST_CASE("the residual of corrected has the weight that it was given") {
  training_settings settings;
  settings.policy = "corrected";
  settings.residual_weight.fixed = 0.25f;
  bench b;
  const auto policy = std::move(*make_update_policy(settings));
  const auto log = b.run(*policy);
  REQUIRE(std::find(log.begin(), log.end(), "accumulate 2 times 0.25") != log.end());
}

TEST_CASE(
  "corrections that weigh themselves count in full when fresh, and the less the later and the better predictions") {
  const auto weight = [](std::int64_t staleness, double cosine) {
    prediction_quality quality;
    quality.add({cosine, 1, 0, true});
    return residual_weight{std::nullopt}.of(staleness, quality);
  };
  REQUIRE(weight(0, 0.9) == 1);
  REQUIRE(weight(8, 0.5) == Approx(0.5));
  REQUIRE(weight(16, 0.5) == Approx(0.2));
  REQUIRE(weight(8, 0.75) == Approx(0.25));
  REQUIRE(weight(16, 0) == Approx(0.2)); // a predictor that has learnt nothing yet soon has
  REQUIRE(weight(16, -0.5) == Approx(0.2));
  REQUIRE(weight(60, 1) > 0);
  REQUIRE(residual_weight{}.of(60, {}) == 1);

  training_settings settings;
  settings.policy = "corrected";
  settings.residual_weight.fixed.reset();
  const auto policy = std::move(*make_update_policy(settings));
  REQUIRE(policy->capabilities().judges_predictions);
  for (int i = 0; i < 3; ++i) policy->on_measured({0.5, 1, 0, true});
  bench b;
  b.group.stale = 8;
  const auto log = b.run(*policy);
  REQUIRE(std::find(log.begin(), log.end(), "accumulate 2 times 0.50") != log.end());
}

TEST_CASE("what is corrected of a share of the batches counts as often as it stands for batches") {
  const auto [share, counts] =
    GENERATE(values<std::pair<std::string, std::string>>({{"every:4", "4.00"}, {"p:0.5", "2.00"}, {"all", ""}}));
  training_settings settings;
  settings.policy = "corrected";
  settings.correct = *gradient_demand::parse_fixed(share);
  bench b;
  const auto policy = std::move(*make_update_policy(settings));
  const auto log = b.run(*policy);
  REQUIRE(std::find(log.begin(), log.end(), counts.empty() ? "accumulate 2" : "accumulate 2 times " + counts) !=
          log.end());
  REQUIRE(policy->needs_gradient(3) == counts.empty());
  settings.warmup_batches = 4;
  const auto warming = std::move(*make_update_policy(settings));
  REQUIRE(warming->needs_gradient(3));
  REQUIRE(warming->needs_gradient(4) == counts.empty());
}

TEST_CASE("corrected chooses samples at the top, after the update with all, and sends their gradients down") {
  training_settings settings;
  settings.policy = "corrected";
  settings.corrected = {.samples = 64, .by_loss = false};
  bench b;
  const auto policy = std::move(*make_update_policy(settings));
  policy->on_loss(b.group, b.record, b.group.number(4));
  REQUIRE(b.group.log == calls{"update true 4 with dx", "choose 64:uniform by 4", "send true 4", "finish"});
  REQUIRE(policy->capabilities().adds_residuals);
}

TEST_CASE("local updates and learns in a batch's turn, and nothing goes down") {
  bench b;
  const auto policy = policy_of("local");
  const calls turn{"send none", "update local 3", "train predictor", "finish"};
  REQUIRE(b.run(*policy, gradient_kind::none) == turn);
  b.group.log.clear();
  policy->on_loss(b.group, b.record, b.group.number(4));
  REQUIRE(b.group.log == calls{"send none", "update true 4", "finish"});
  REQUIRE_FALSE(policy->capabilities().needs_targets);
}

TEST_CASE("a gradient of kind none comes back as none, once, and trains nothing") {
  struct expectation {
    std::string name;
    calls wanted;
  };
  const auto each = GENERATE(
    values<expectation>({{"locked", {"send none", "finish"}},
                         {"delayed", {"send none", "finish"}},
                         {"corrected", {"update synthetic 3", "send none", "finish", "apply accumulated over 7"}},
                         {"synthetic", {"update synthetic 3 with dx", "send bootstrapped 30", "finish"}}}));
  bench b;
  REQUIRE(b.run(*policy_of(each.name), gradient_kind::none) == each.wanted);
}

TEST_CASE("warm-up batches run locked and train the predictor; the next batch is the policy's") {
  bench b;
  const auto policy = policy_of("synthetic", 2);
  b.record.batch = 1;
  REQUIRE(policy->waits_for_gradient(1));
  REQUIRE_FALSE(policy->predicts(1));
  REQUIRE(b.run(*policy) == calls{"train predictor towards 5", "update true 5 with dx", "send true 50", "finish"});
  REQUIRE_FALSE(policy->waits_for_gradient(2));
  REQUIRE(policy->predicts(2));
}

TEST_CASE("the fixed lags are those of the chains that gradients come down") {
  REQUIRE(policy_of("locked")->fixed_lag(0, 6) == 0);
  REQUIRE(policy_of("synthetic")->fixed_lag(0, 6) == 2);
  REQUIRE(policy_of("delayed")->fixed_lag(0, 6) == 10);
  REQUIRE(policy_of("corrected")->fixed_lag(4, 6) == 2);
  REQUIRE(policy_of("gated")->fixed_lag(0, 6) == 10);
}

TEST_CASE("at the top group every policy updates with the gradient of the loss, in warm-up too") {
  for (const auto& name : known_policies()) {
    if (name == "local") continue; // sends nothing down
    CAPTURE(name);
    bench b;
    const auto policy = policy_of(name, 1);
    for (b.record.batch = 0; b.record.batch < 2; ++b.record.batch)
      policy->on_loss(b.group, b.record, b.group.number(4));
    const calls once{"update true 4 with dx", "send true 40", "finish"};
    auto twice = once;
    twice.insert(twice.end(), once.begin(), once.end());
    REQUIRE(b.group.log == twice);
  }
}

TEST_CASE("what policies declare is what they do") {
  for (const auto& name : {"locked", "delayed", "corrected", "synthetic", "gated"}) {
    CAPTURE(name);
    const auto policy = policy_of(name);
    const auto can = policy->capabilities();
    REQUIRE(policy->predicts(5) == can.predicts);
    REQUIRE(policy->bootstraps(5) == can.bootstraps);
    REQUIRE(can.needs_every_gradient == (std::string(name) != "synthetic"));
  }
  training_settings unknown;
  unknown.policy = "eager";
  REQUIRE_FALSE(capabilities_of(unknown).predicts);
}

TEST_CASE("delayed declares what it was told to do about the delay") {
  training_settings settings;
  settings.policy = "delayed";
  settings.split = {1, 1, 1};
  REQUIRE(capabilities_of(settings).micro_batches == 1);
  REQUIRE_FALSE(capabilities_of(settings).stashes_weights);
  REQUIRE_FALSE(capabilities_of(settings).feeds_back_errors);
  settings.stash_weights = settings.error_feedback = true;
  REQUIRE(capabilities_of(settings).stashes_weights);
  REQUIRE(capabilities_of(settings).feeds_back_errors);
  REQUIRE_FALSE(capabilities_of(settings).double_buffers);
  settings.update_batches = 3;
  REQUIRE(capabilities_of(settings).micro_batches == 3);
  REQUIRE(capabilities_of(settings).double_buffers);
  settings.split = {3};
  REQUIRE_FALSE(capabilities_of(settings).double_buffers);
}

TEST_CASE("an unknown policy is refused with the known names") {
  training_settings unknown;
  unknown.policy = "eager";
  const auto refused = make_update_policy(unknown);
  REQUIRE_FALSE(refused);
  for (const auto& name : known_policies()) REQUIRE(refused.message().find(name) != std::string::npos);
}

// A group without actors: what its turn and its policy make it say, message by message. A test stands in for the
// neighbours, the predictor and the stream.
#include "actors/group_turn.hpp"

#include "actors/settings.hpp"
#include "models/layers/linear.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

using namespace syngrad;

namespace {

// Keeps what a group says: a line each, and what a test answers.
class kept_words : public group_outlet {
public:
  std::vector<std::string> lines; // since taken
  std::vector<work_done> due;     // the stream is past it, but nobody has said so yet
  std::vector<evaluation_done> evaluated_due;
  activation sent_up;
  tensor sent_down;
  chosen_samples sent_down_for; // the samples that it is of
  target lesson;                // the last one
  std::string failure_text;

  message_context context_for(std::uint64_t batch, std::uint32_t version) override {
    return caused_by(99, batch, version);
  }
  message_context caused_by(std::uint64_t cause, std::uint64_t batch, std::uint32_t version) override {
    return {1, cause, 0, batch, version};
  }
  update_origin origin_of(const batch_record& record, std::int64_t version) const override {
    return {99, record.cause, record.batch, version, 0, 0};
  }
  void send_above(activation batch) override {
    note(batch.mode == phase::train ? "up" : "up to evaluate", batch.context);
    sent_up = std::move(batch);
  }
  void send_above(flush_mark) override { lines.push_back("flush mark"); }
  void send_above(gradients_wanted wanted) override { lines.push_back("wants every " + std::to_string(wanted.every)); }
  void send_below(gradient values) override {
    static const char* const kinds[] = {"true", "bootstrapped", "none"};
    note(std::string("down, ") + kinds[static_cast<int>(values.kind)] + (values.values ? "" : " without values"),
         values.context);
    sent_down = values.values;
    sent_down_for = values.chosen;
  }
  void send_below(audit_gradient values) override {
    note(values.values ? "audit" : "audit without values", values.context);
  }
  void send_below(credit granted) override { lines.push_back("credit " + std::to_string(granted.batches)); }
  void ask_predictor(predict question) override { note("predict", question.context); }
  void teach_predictor(target next) override {
    note("target", next.context);
    lesson = std::move(next);
  }
  void tell_coordinator(group_news news) override {
    static const char* const kinds[] = {"flushed", "done", "alone", "evaluated", "evaluation missed", "failure"};
    lines.push_back(kinds[news.index()]);
    if (const auto* what = std::get_if<failure>(&news)) failure_text = what->what;
  }
  void when_complete(work_done passed) override { due.push_back(passed); }
  void when_complete(evaluation_done passed) override { evaluated_due.push_back(std::move(passed)); }

  std::vector<std::string> taken() { return std::exchange(lines, {}); }

private:
  void note(const std::string& what, const message_context& context) {
    lines.push_back(what + " " + (context.batch == no_batch ? "-" : std::to_string(context.batch)));
  }
};

using words = std::vector<std::string>;

// One group of three, bottom, middle or top; each is four features wide, but for the input and the classes.
struct group_bench {
  cpu_device cpu;
  stream& work = cpu.make_stream();
  kept_words said;
  std::optional<group_parts> parts;
  std::optional<group_gradients> gradients;
  std::optional<group_turn> turn;

  explicit group_bench(const std::string& policy, int index = 1, std::function<void(group_setup&)> change = {}) {
    auto net = std::move(*make_network("mlp:5-4x2-3"));
    const run_edges edges(3);
    group_setup setup;
    setup.index = index;
    setup.below = edges.below(static_cast<std::size_t>(index));
    setup.above = edges.above(static_cast<std::size_t>(index));
    setup.layers =
      std::make_shared<layer_group>(work, sample_spec{{index == 0 ? 5 : 4}, dtype::f32},
                                    std::move(net.units[static_cast<std::size_t>(index)]), optimizer_settings{}, 1, 0);
    setup.work = &work;
    training_settings settings;
    settings.policy = policy;
    setup.policy = std::move(*make_update_policy(settings));
    setup.trained_for = std::move(*make_objective({}));
    setup.observer = std::make_shared<update_observer>();
    setup.cache_limit = 4;
    if (change) change(setup);
    parts.emplace(std::move(setup), said);
    gradients.emplace(*parts);
    turn.emplace(*parts, *gradients);
    parts->predictor.connect(index < 2 && parts->setup.policy->capabilities().predicts);
    turn->begin();
    said.taken();
  }

  tensor values(float value = 1) {
    const std::int64_t width = parts->setup.index == 0 ? 5 : 4;
    auto out = make_tensor(work, {2, width});
    for (std::int64_t i = 0; i < 2 * width; ++i) out.f32()[i] = value * static_cast<float>(i % 3 - 1);
    return out;
  }
  activation batch(std::uint64_t number, phase mode = phase::train, float value = 1) {
    auto labels = make_tensor(work, {2}, dtype::i32);
    labels.i32()[0] = 0;
    labels.i32()[1] = 2;
    const auto about = mode == phase::train ? number : no_batch;
    return {{7, 0, 0, about, 0}, mode, 0, values(value), labels, 2, 2, static_cast<std::int64_t>(number)};
  }
  tensor gradient_values() {
    auto out = make_tensor(work, {2, 4});
    work.ops().fill(work, out, 0.5f);
    return out;
  }
  void come_up(std::uint64_t number) { turn->arrived(batch(number)); }
  void come_down(std::uint64_t number, gradient_kind kind = gradient_kind::truth) {
    come_down(number, kind, kind == gradient_kind::none ? tensor{} : gradient_values());
  }
  void come_down(std::uint64_t number, gradient_kind kind, const tensor& values) {
    REQUIRE(gradients->arrived(gradient{{8, 0, 0, number, 0}, kind, values}, turn->is_flushing()));
    turn->advance();
  }
  void grant(std::int64_t credits) {
    parts->above.grant(credits);
    turn->advance();
  }
  void answer(std::uint64_t number) { turn->arrived(synthetic_gradient{{9, 0, 0, number, 3}, gradient_values()}); }
  // The stream is past all that it was given.
  void stream_passes() {
    for (const auto& each : std::exchange(said.due, {})) turn->passed(each);
    for (const auto& each : std::exchange(said.evaluated_due, {})) turn->passed(each);
  }
  std::vector<float> weights() const {
    std::vector<float> out;
    for (const auto& each : parts->setup.layers->weights())
      out.insert(out.end(), each.value.f32(), each.value.f32() + each.value.elements());
    return out;
  }
  std::int64_t updates() const { return parts->setup.layers->version(); }
};

// True gradients as they come, with what else it declares.
class declaring_policy : public update_policy {
public:
  explicit declaring_policy(policy_capabilities declared) : declared_(declared) {}
  policy_capabilities capabilities() const override { return declared_; }
  int fixed_lag(int, int) const override { return 0; }
  void on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) override {
    apply_received(group, record, kind, values);
  }

private:
  policy_capabilities declared_;
};

auto declares(policy_capabilities declared) {
  return [declared](group_setup& setup) { setup.policy = std::make_unique<declaring_policy>(declared); };
}

// Two linear layers, whose gradients depend on each other's weights, and plain gradient descent.
auto two_layers(policy_capabilities declared) {
  return [declared](group_setup& setup) {
    layer_list layers;
    for (int i = 0; i < 2; ++i) layers.push_back(std::make_unique<linear>(4, 4, true));
    optimizer_settings plain;
    plain.name = "sgd";
    setup.layers =
      std::make_shared<layer_group>(*setup.work, sample_spec{{4}, dtype::f32}, std::move(layers), plain, 1, 0);
    setup.rate = learning_rate(0.5f);
    declares(declared)(setup);
  };
}

std::vector<float> values_of(const tensor& of) {
  return {of.f32(), of.f32() + of.elements()};
}

} // namespace

TEST_CASE("a batch goes up when there is a credit, and waits for one otherwise") {
  group_bench b("delayed");
  b.come_up(0);
  REQUIRE(b.said.taken() == words{});
  REQUIRE(b.turn->waits_for_credit());
  REQUIRE(b.turn->describe() == "waits for a credit from group 2");
  b.grant(1);
  REQUIRE(b.said.taken() == words{"up 0"});
  REQUIRE(b.said.sent_up.context.parent == 7); // caused by what brought it
  REQUIRE(b.parts->above.credits() == 0);
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"credit 1"});
}

TEST_CASE("locked keeps the next batch waiting until this one's gradient has come down and gone on") {
  group_bench b("locked");
  b.grant(5);
  b.come_up(0);
  b.come_up(1);
  REQUIRE(b.said.taken() == words{"up 0"});
  REQUIRE(b.turn->describe() == "waits, in the turn of batch 0, for a gradient from group 2");
  b.come_down(0);
  REQUIRE(b.said.taken() == words{"down, true 0", "up 1"});
  REQUIRE(b.updates() == 1);
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"credit 1"});
  REQUIRE(b.parts->window.size() == 1);
}

TEST_CASE("delayed takes batches up to its limit of caches, and goes on when a gradient comes") {
  group_bench b("delayed");
  b.grant(9);
  for (std::uint64_t i = 0; i < 6; ++i) b.come_up(i);
  REQUIRE(b.said.taken() == words{"up 0", "up 1", "up 2", "up 3"});
  REQUIRE(b.turn->describe() == "at its limit of caches: waits for group 2 to return a gradient");
  b.come_down(2); // in any order
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"down, true 2", "credit 1", "credit 1", "credit 1", "credit 1", "up 4"});
  REQUIRE(b.parts->window.find(2) == nullptr);
}

TEST_CASE("synthetic updates with the answer of its predictor, and learns from what comes down later") {
  group_bench b("synthetic");
  b.grant(1);
  b.come_up(0);
  REQUIRE(b.said.taken() == words{"up 0", "predict 0"});
  REQUIRE(b.turn->describe() == "waits for predictor 1 to answer for batch 0");
  b.answer(4); // of no open question
  REQUIRE(b.updates() == 0);
  b.answer(0);
  REQUIRE(b.updates() == 1);
  REQUIRE(b.said.taken() == words{"down, bootstrapped 0"});
  b.come_down(0, gradient_kind::bootstrapped);
  REQUIRE(b.said.taken() == words{"target 0"});
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"credit 1"});
  REQUIRE(b.parts->window.is_empty());
  group_report out;
  b.parts->account.tell(out, false);
  REQUIRE(out.cosine == Approx(1.0)); // the prediction was what came
}

TEST_CASE("a group clips its gradient to the norm that it is given, and reports how often it had to") {
  const auto weights_after = [](float clip_norm, std::int64_t clipped) {
    group_bench b("delayed", 1, [&](group_setup& setup) { setup.clip_norm = clip_norm; });
    b.grant(9);
    for (std::uint64_t i = 0; i < 3; ++i) {
      b.come_up(i);
      b.come_down(i);
      b.stream_passes();
    }
    group_report out;
    b.parts->account.tell(out, false);
    REQUIRE(out.updates == 3);
    REQUIRE(out.clipped == clipped);
    std::vector<float> all;
    for (const auto& [name, value] : b.parts->setup.layers->weights())
      all.insert(all.end(), value.f32(), value.f32() + value.elements());
    return all;
  };
  const auto unclipped = weights_after(0, 0);
  REQUIRE(weights_after(1e6f, 0) == unclipped);
  REQUIRE(weights_after(1e-6f, 3) != unclipped);
}

TEST_CASE("a gradient that comes before its batch's prediction is kept for the end of the turn") {
  group_bench b("synthetic");
  b.grant(1);
  b.come_up(0);
  b.come_down(0);
  REQUIRE(b.said.taken() == words{"up 0", "predict 0"});
  b.answer(0);
  REQUIRE(b.said.taken() == words{"down, bootstrapped 0", "target 0"});
}

TEST_CASE("an audit goes down once, also where the batch's own gradient is true and where none comes") {
  training_settings settings;
  settings.target_mix = 1;
  for (const bool comes : {true, false}) {
    group_bench b("synthetic", 1, [&](group_setup& setup) {
      setup.policy = std::move(*make_update_policy(settings));
      setup.audit_every = 1;
    });
    b.grant(1);
    b.come_up(0);
    b.answer(0);
    REQUIRE(b.said.taken() == words{"up 0", "predict 0"});
    b.gradients->arrived(audit_gradient{{8, 0, 0, 0, 0}, b.gradient_values()});
    REQUIRE(b.said.taken() == words{"audit 0"});
    b.come_down(0, comes ? gradient_kind::truth : gradient_kind::none);
    REQUIRE(b.said.taken() == (comes ? words{"target 0", "down, true 0"} : words{"down, bootstrapped 0"}));
  }
}

TEST_CASE("gradients that the neighbour below does not want go down as none, and audits go beside them") {
  group_bench b("synthetic", 1, [](group_setup& setup) { setup.audit_every = 4; });
  b.parts->below.wants(2);
  b.grant(9);
  for (std::uint64_t i = 0; i < 3; ++i) {
    b.come_up(i);
    b.answer(i);
  }
  REQUIRE(b.said.taken() == words{"up 0", "predict 0", "down, bootstrapped 0", "up 1", "predict 1",
                                  "down, none without values 1", "up 2", "predict 2", "down, bootstrapped 2"});
  b.come_down(0, gradient_kind::bootstrapped);
  REQUIRE(b.said.taken() == words{"target 0"});
  b.stream_passes();
  REQUIRE(b.parts->window.find(0) != nullptr); // its audit is still to come
  b.gradients->arrived(audit_gradient{{8, 0, 0, 0, 0}, b.gradient_values()});
  b.said.taken();
  b.stream_passes();
  REQUIRE(b.parts->window.find(0) == nullptr);
  group_report out;
  b.parts->account.tell(out, false);
  REQUIRE(out.audit_cosine == Approx(1.0));
  REQUIRE(out.audit_bias == Approx(0.0).margin(1e-6));
}

TEST_CASE("a deterministic group handles the gradient of so many turns before, and no other") {
  group_bench b("delayed", 1, [](group_setup& setup) {
    setup.deterministic = true;
    setup.lag = 2;
  });
  b.grant(9);
  for (std::uint64_t i = 0; i < 4; ++i) b.come_up(i);
  REQUIRE(b.said.taken() == words{"up 0", "up 1", "up 2"}); // the turn of 2 waits for the gradient of 0
  b.come_down(1);
  REQUIRE(b.said.taken() == words{});
  b.come_down(0);
  REQUIRE(b.said.taken() == words{"down, true 0", "up 3", "down, true 1"});
  REQUIRE(b.updates() == 2);
}

TEST_CASE("a flush mark is passed on at once, and answered when every gradient has come") {
  group_bench b("delayed", 1, [](group_setup& setup) {
    setup.deterministic = true;
    setup.lag = 3;
  });
  b.grant(9);
  b.come_up(0);
  b.come_up(1);
  b.come_down(0); // held back
  b.said.taken();
  b.turn->arrived(flush_mark{});
  REQUIRE(b.said.taken() == words{"flush mark", "down, true 0"});
  REQUIRE(b.turn->describe() == "waits for group 2 to return the gradients of the last batches");
  b.come_down(1);
  REQUIRE(b.said.taken() == words{"down, true 1"});
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"credit 1", "credit 1", "flushed"});
  REQUIRE_FALSE(b.turn->is_flushing());
}

TEST_CASE("the top group updates with the loss at once, tells it, and needs no credit") {
  group_bench b("synthetic", 2);
  b.come_up(0);
  REQUIRE(b.said.taken() == words{"down, true 0"});
  REQUIRE(b.said.sent_down.elements() == 8);
  REQUIRE(b.updates() == 1);
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"credit 1", "done"});
  REQUIRE(b.parts->window.is_empty());
  b.turn->arrived(b.batch(0, phase::evaluate));
  REQUIRE(b.updates() == 1);
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"credit 1", "evaluated"});
}

TEST_CASE("a loss that is not finite is told with its batch, and the weights stay as they are") {
  group_bench b("locked", 2);
  const auto before = b.parts->setup.layers->weights();
  std::vector<float> old(before[0].value.f32(), before[0].value.f32() + before[0].value.elements());
  b.turn->arrived(b.batch(3, phase::train, std::numeric_limits<float>::infinity()));
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"down, true 3", "credit 1", "failure", "done", "failure"});
  REQUIRE(b.said.failure_text.find("group 2, batch 3: the gradient at the output of layer") == 0);
  const auto after = b.parts->setup.layers->weights();
  for (std::size_t i = 0; i < old.size(); ++i) REQUIRE(after[0].value.f32()[i] == old[i]);
}

TEST_CASE("the bottom group gives the source credits, and no gradients") {
  group_bench b("delayed", 0);
  REQUIRE(b.turn->describe() == "waits for an activation from the source");
  b.grant(1);
  b.come_up(0);
  b.come_down(0);
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"up 0", "credit 1"});
  REQUIRE(b.updates() == 1);
}

TEST_CASE("while the network above is away batches end here, evaluations are left out, and room is kept for both") {
  group_bench b("synthetic", 1, [](group_setup& setup) {
    setup.max_alone = 2;
    setup.cache_limit = 1;
  });
  b.grant(1);
  b.come_up(0);
  b.answer(0); // its gradient will come across the gap: the only cache is taken
  b.stream_passes();
  b.said.taken();
  b.parts->above.opens_gap();
  b.come_up(1);
  REQUIRE(b.said.taken() == words{"predict 1"}); // neither sent up nor held back by batch 0
  b.answer(1);
  REQUIRE(b.said.taken() == words{"down, bootstrapped 1"});
  REQUIRE(b.updates() == 2);
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"credit 1", "alone"});
  b.turn->arrived(b.batch(0, phase::evaluate));
  REQUIRE(b.said.taken() == words{"evaluation missed"});
  b.come_up(2);
  b.answer(2);
  b.stream_passes();
  b.said.taken();
  b.come_up(3); // as many as may have ended here
  REQUIRE(b.said.taken() == words{});
  REQUIRE(b.parts->above.ended_at_gaps() == 2);
  b.parts->above.closes_gap();
  b.come_down(0);
  b.stream_passes();
  b.grant(1);
  REQUIRE(b.said.taken() == words{"target 0", "up 3", "predict 3"});
}

TEST_CASE("what was not asked for is refused: a second gradient, or one of a batch that is not in flight") {
  group_bench b("delayed");
  const auto comes = [&](std::uint64_t number) {
    return b.gradients->arrived(gradient{{8, 0, 0, number, 0}, gradient_kind::none, {}}, false);
  };
  REQUIRE_FALSE(comes(0));
  b.grant(1);
  b.come_up(0);
  REQUIRE(comes(0));
  REQUIRE_FALSE(comes(0));
  REQUIRE(b.said.taken() == words{"up 0", "down, none without values 0"});
}

auto corrects(sample_choice samples) {
  return [samples](group_setup& setup) {
    training_settings settings;
    settings.policy = "corrected";
    settings.corrected = samples;
    setup.policy = std::move(*make_update_policy(settings));
  };
}

TEST_CASE("the top group updates with all samples and sends down the gradients of those that it has chosen") {
  group_bench whole("corrected", 2), some("corrected", 2, corrects({1, true})),
    all("corrected", 2, corrects({2, true}));
  for (auto* each : {&whole, &some, &all}) {
    each->come_up(0);
    REQUIRE(each->said.taken() == words{"down, true 0"});
  }
  REQUIRE(some.weights() == whole.weights());
  REQUIRE_FALSE(whole.said.sent_down_for);
  REQUIRE_FALSE(all.said.sent_down_for);
  REQUIRE(values_of(all.said.sent_down) == values_of(whole.said.sent_down));
  const auto& chosen = some.said.sent_down_for;
  REQUIRE(chosen.count() == 1);
  REQUIRE(chosen.all == 2);
  REQUIRE(chosen.weights.f32()[0] > 1);
  const auto number = chosen.numbers.i32()[0];
  const auto of_all = values_of(whole.said.sent_down);
  REQUIRE(values_of(some.said.sent_down) ==
          std::vector<float>(of_all.begin() + 4 * number, of_all.begin() + 4 * number + 4));
}

TEST_CASE("a group whose gradient is of some samples corrects, teaches and passes on those") {
  group_bench b("corrected", 1);
  const auto come_down = [&](std::int64_t samples, std::int64_t all, std::int64_t rows) {
    chosen_samples chosen{make_tensor(b.work, {samples}, dtype::i32), make_tensor(b.work, {samples}), all};
    for (std::int64_t i = 0; i < samples; ++i) {
      chosen.numbers.i32()[i] = 1;
      chosen.weights.f32()[i] = 2;
    }
    auto values = make_tensor(b.work, {rows, 4});
    b.work.ops().fill(b.work, values, 0.75f);
    return b.gradients->arrived(gradient{{8, 0, 0, 0, 0}, gradient_kind::truth, values, chosen}, false);
  };
  b.grant(1);
  b.come_up(0);
  b.answer(0);
  REQUIRE(b.said.taken() == words{"up 0", "predict 0"});
  for (const auto& [samples, all, rows] : {std::tuple{3, 2, 3}, {1, 3, 1}, {1, 2, 2}, {2, 2, 1}})
    REQUIRE_FALSE(come_down(samples, all, rows));
  REQUIRE(come_down(1, 2, 1));
  REQUIRE(b.said.taken() == words{"target 0", "down, true 0"});
  REQUIRE(b.said.sent_down.extents() == shape{1, 4});
  REQUIRE(b.said.sent_down_for.numbers.i32()[0] == 1);
  REQUIRE(b.said.lesson.chosen.weights.f32()[0] == 2);
  REQUIRE(b.said.lesson.values.rows() == 2);
  REQUIRE(b.said.lesson.gradient.rows() == 1);
  b.stream_passes();
  REQUIRE(b.parts->window.is_empty());
}

TEST_CASE("a policy that finishes a batch in its turn lets go of it once") {
  // Updates with nothing, and waits for nothing.
  struct idle_policy : update_policy {
    policy_capabilities capabilities() const override { return {}; }
    int fixed_lag(int, int) const override { return 0; }
    void on_turn(policy_actions& group, batch_record& record) override {
      group.send_down(record, gradient_kind::none, {});
      group.finish(record);
    }
    void on_gradient(policy_actions&, batch_record&, gradient_kind, const tensor&) override {}
  };
  group_bench b("delayed", 1, [](group_setup& setup) { setup.policy = std::make_unique<idle_policy>(); });
  b.grant(1);
  b.come_up(0);
  REQUIRE(b.said.due.size() == 2); // the turn is over, and the batch is settled
  b.stream_passes();
  REQUIRE(b.said.taken() == words{"up 0", "down, none without values 0", "credit 1"});
  REQUIRE(b.parts->window.is_empty());
}

TEST_CASE("micro-batches make one update, and each comes back over the edge below by itself") {
  group_bench b("delayed", 1, declares({.micro_batches = 3}));
  b.grant(9);
  for (std::uint64_t number = 0; number < 4; ++number) b.come_up(number);
  b.said.taken();
  for (std::uint64_t number = 0; number < 3; ++number) {
    REQUIRE(b.updates() == 0);
    b.come_down(number);
    REQUIRE(b.said.taken() == words{"down, true " + std::to_string(number)});
    REQUIRE(b.said.sent_down);
  }
  REQUIRE(b.updates() == 1);
  b.come_down(3);
  REQUIRE(b.updates() == 1);
  b.said.taken();
  b.turn->arrived(flush_mark{});
  b.stream_passes();
  b.turn->advance();
  REQUIRE(b.updates() == 2); // the one that is left
}

TEST_CASE("a micro-batch that is not finite keeps its whole update from being applied, and no other") {
  group_bench b("delayed", 1, declares({.micro_batches = 2}));
  b.grant(9);
  for (std::uint64_t number = 0; number < 4; ++number) b.come_up(number);
  const auto before = b.weights();
  auto broken = b.gradient_values();
  broken.f32()[3] = std::numeric_limits<float>::quiet_NaN();
  b.come_down(0, gradient_kind::truth, broken);
  b.come_down(1);
  b.stream_passes();
  REQUIRE(b.weights() == before);
  REQUIRE(b.said.failure_text.starts_with("group 1, batch 0: the gradient at the output of"));
  b.come_down(2);
  b.come_down(3);
  REQUIRE(b.weights() != before);
  for (const auto each : b.weights()) REQUIRE(std::isfinite(each));
}

TEST_CASE("a batch whose double-buffered weights are still to be made waits for them, and reads those") {
  group_bench b("delayed", 1, two_layers({.micro_batches = 2, .stashes_weights = true, .double_buffers = true}));
  b.grant(9);
  const auto first = b.weights();
  for (std::uint64_t number = 0; number < 5; ++number) b.come_up(number);
  REQUIRE(b.said.taken() == words{"up 0", "up 1", "up 2", "up 3"}); // batches 2 and 3 read the first weights, too
  REQUIRE(b.turn->describe() == "at its limit of caches: waits for group 2 to return a gradient");
  b.come_down(0);
  b.stream_passes();
  REQUIRE(b.turn->describe() == "waits for group 2 to return the gradients of the update that batch 4 reads");
  b.said.taken();
  b.come_down(1); // the first update
  REQUIRE(b.said.taken() == words{"down, true 1", "up 4"});
  REQUIRE(b.updates() == 1);
  REQUIRE(b.weights() != first);
  REQUIRE(b.parts->window.find(3)->version == 0);
  REQUIRE(b.parts->window.find(3)->weights);
  REQUIRE(b.parts->window.find(4)->version == 1);
  REQUIRE_FALSE(b.parts->window.find(4)->weights);
  const auto second = b.weights();
  b.come_down(2);
  b.come_down(3);
  REQUIRE(b.updates() == 2);
  REQUIRE(b.weights() == second); // held back until batch 6
}

TEST_CASE("stashed weights are those of a batch's forward pass: its gradients are what they were without delay") {
  const auto two_in_flight = [](group_bench& b) {
    b.grant(9);
    b.come_up(0);
    b.turn->arrived(b.batch(1, phase::train, 2));
  };
  group_bench only_first("delayed", 1, two_layers({})), only_second("delayed", 1, two_layers({}));
  const auto before = only_first.weights();
  two_in_flight(only_first);
  only_first.come_down(0);
  two_in_flight(only_second);
  only_second.come_down(1);
  const auto first = only_first.weights(), second = only_second.weights();

  for (const bool stashes : {true, false}) {
    CAPTURE(stashes);
    group_bench b("delayed", 1, two_layers({.stashes_weights = stashes}));
    two_in_flight(b);
    b.come_down(0);
    REQUIRE(b.weights() == first);
    b.come_down(1);
    REQUIRE((values_of(b.said.sent_down) == values_of(only_second.said.sent_down)) == stashes);
    const auto both = b.weights();
    double furthest = 0;
    for (std::size_t i = 0; i < both.size(); ++i)
      furthest = std::max<double>(furthest, std::abs((both[i] - first[i]) - (second[i] - before[i])));
    REQUIRE((furthest < 1e-6) == stashes);
  }
}

// Which gradients come down: what is asked for, when it is asked, and that a run goes on as before with the rest left
// out.
#include "actors/group_edges.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/data/digits.hpp"
#include "runtime/trace/trace_recorder.hpp"
#include "runtime/trace/trace_vocabulary.hpp"
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/runtime/io/temporary_folder.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"
#include "tools/trace/trace_run.hpp"

#include <map>

using namespace syngrad;
using namespace syngrad::test;

namespace {

gradient_demand demand(const std::string& text) {
  return *gradient_demand::parse(text);
}

training_settings toy_settings(const std::string& gradients) {
  training_settings settings;
  settings.policy = "synthetic";
  settings.split = {1, 1, 1, 1};
  settings.batch_size = 4;
  settings.steps = 40;
  settings.gradients = demand(gradients);
  return settings;
}

struct counted_run {
  training_summary summary;
  std::map<int, int> with_values, without; // gradients, by interface
  std::map<int, int> targets;              // that predictors got
  int asked = 0;                           // messages gradients_wanted
};

// Under one schedule of messages; counted from its trace.
counted_run run_counted(const training_settings& settings) {
  temporary_folder folder;
  trace_settings wanted;
  wanted.folder = folder.path();
  wanted.capacity = 1 << 18; // all of it, should the thread that drains get no processor meanwhile
  auto recorder = trace_recorder::create(wanted, {});
  REQUIRE(recorder);
  cpu_device cpu;
  schedule order;
  order.trace = recorder->get();
  counted_run out;
  const auto run = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
  REQUIRE(run.stuck == "");
  REQUIRE(run.summary.failure == "");
  out.summary = run.summary;
  REQUIRE((*recorder)->close());
  const auto trace = tools::trace_run::open(folder.path());
  REQUIRE(trace);
  REQUIRE(trace->lost() == 0);
  trace->for_each([&](const trace_record& record) {
    if (record.kind != record_kind::send) return;
    const auto type = static_cast<trace_message>(record.type);
    if (type == trace_message::gradient) ++(record.value > 0 ? out.with_values : out.without)[record.interface];
    if (type == trace_message::target) ++out.targets[record.interface];
    if (type == trace_message::gradients_wanted) ++out.asked;
  });
  return out;
}

int sum(const std::map<int, int>& counts) {
  int total = 0;
  for (const auto& [interface, count] : counts) total += count;
  return total;
}

} // namespace

TEST_CASE("all, every:N, p:P and above:ERROR are read, everything else is refused with an example") {
  REQUIRE(demand("all").is_all());
  REQUIRE(demand("every:1").is_all());
  REQUIRE(demand("every:7").every == 7);
  REQUIRE_FALSE(demand("every:7").above);
  REQUIRE(*demand("above:0.25").above == 0.25);
  REQUIRE(demand("above:0.25").every == 1);
  REQUIRE(*demand("p:0.25").probability == 0.25);
  REQUIRE(demand("p:0.25").text() == "p:0.25");
  REQUIRE_FALSE(demand("p:0.25").is_all());
  for (const auto* text : {"",           "none",   "every",   "every:",  "every:0",    "every:-1",  "every:2x",
                           "every:1.5",  "above:", "above:0", "above:1", "above:-0.5", "above:nan", "above:inf",
                           "above:0.5 ", "p:",     "p:0",     "p:1",     "p:-0.5",     "p:nan"}) {
    CAPTURE(text);
    const auto refused = gradient_demand::parse(text);
    REQUIRE_FALSE(refused);
    REQUIRE(refused.message().find("write for example every:4 or above:0.5") != std::string::npos);
  }
}

TEST_CASE("what is fixed does not depend on measures") {
  for (const auto* text : {"all", "every:3", "p:0.5"})
    REQUIRE(gradient_demand::parse_fixed(text)->text() == demand(text).text());
  REQUIRE(gradient_demand::parse_fixed("above:0.5").message().find("write for example every:4 or p:0.25") !=
          std::string::npos);
}

TEST_CASE("a share of the batches, each counted as often as it stands for batches, counts as all of them do") {
  constexpr std::uint64_t batches = 40'000;
  for (const auto* text : {"all", "every:5", "p:0.25", "p:0.9"}) {
    CAPTURE(text);
    const auto some = demand(text);
    double counted = 0;
    for (std::uint64_t batch = 0; batch < batches; ++batch)
      if (some.includes(batch, 7)) counted += some.weight();
    // Of draws with the probability P the standard deviation is sqrt((1 - P) / P / batches) of the sum: 0.87 % of 0.25.
    REQUIRE(counted / batches == Approx(1).epsilon(some.probability ? 0.04 : 1e-12));
  }
  const auto by_seed = [](std::uint64_t seed) {
    std::vector<bool> drawn;
    for (std::uint64_t batch = 0; batch < 64; ++batch) drawn.push_back(demand("p:0.5").includes(batch, seed));
    return drawn;
  };
  REQUIRE(by_seed(1) == by_seed(1));
  REQUIRE(by_seed(1) != by_seed(2));
}

TEST_CASE("a predictor asks for fewer gradients when its error falls below the bound, and for all when it rises") {
  gradient_appetite appetite(demand("above:0.5"));
  REQUIRE_FALSE(appetite.measured(0, 0, 4)); // predicts nothing: error 1, and all come already
  REQUIRE(appetite.error() == 1);
  // Predictions that are right: error 0, smoothed by a quarter each: 0.75, 0.5625, 0.421875.
  REQUIRE_FALSE(appetite.measured(4, 4, 4));
  REQUIRE_FALSE(appetite.measured(4, 4, 4));
  REQUIRE(appetite.measured(4, 4, 4) == gradient_demand::seldom);
  REQUIRE(appetite.error() == Approx(0.421875));
  REQUIRE_FALSE(appetite.measured(4, 4, 4)); // said once
  // |p - g| / |g| with p = -g is 2: 0.31640625 + 0.25 * (2 - 0.31640625).
  REQUIRE(appetite.measured(-4, 4, 4) == 1u);
  REQUIRE(appetite.error() == Approx(0.7373046875));
}

TEST_CASE("a measure that says nothing changes nothing, and neither does any where the demand is fixed") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  gradient_appetite appetite(demand("above:0.5"));
  REQUIRE_FALSE(appetite.measured(0, 0, 0));
  REQUIRE_FALSE(appetite.measured(nan, 1, 1));
  REQUIRE_FALSE(appetite.measured(0, std::numeric_limits<double>::infinity(), 1));
  REQUIRE(appetite.error() == 1);
  gradient_appetite fixed(demand("every:3"));
  for (int i = 0; i < 10; ++i) REQUIRE_FALSE(fixed.measured(4, 4, 4));
}

TEST_CASE(
  "every fourth batch brings a gradient over each interface and trains its predictor; the others come as none") {
  auto settings = toy_settings("every:4");
  settings.steps = 80; // the first predictions have to come down from the top, a closed-form solution at each interface
  settings.deterministic = GENERATE(true, false);
  const auto run = run_counted(settings);
  for (int interface = 0; interface < 3; ++interface) {
    CAPTURE(interface);
    REQUIRE(run.with_values.at(interface) == 20);
    REQUIRE(run.without.at(interface) == 60);
    REQUIRE(run.targets.at(interface) == 20);
    REQUIRE(run.summary.groups[static_cast<std::size_t>(interface)].updates == 80);
    REQUIRE(run.summary.groups[static_cast<std::size_t>(interface)].norm_ratio > 0); // measured on those that came
  }
  REQUIRE(run.asked == 0);
}

TEST_CASE(
  "corrected has true gradients of a share of the batches, the same at every interface, and none of the others") {
  auto settings = toy_settings("all");
  settings.policy = "corrected";
  settings.steps = 80;
  settings.deterministic = GENERATE(true, false);
  const std::string share = GENERATE("every:4", "p:0.3");
  CAPTURE(share);
  settings.correct = *gradient_demand::parse_fixed(share);
  int expected = 0;
  for (std::uint64_t batch = 0; batch < 80; ++batch) expected += settings.correct.includes(batch, settings.seed);
  const auto run = run_counted(settings);
  for (int interface = 0; interface < 3; ++interface) {
    CAPTURE(interface);
    REQUIRE(run.with_values.at(interface) == expected);
    REQUIRE(run.without.at(interface) == 80 - expected);
    REQUIRE(run.targets.at(interface) == expected);
    REQUIRE(run.summary.groups[static_cast<std::size_t>(interface)].updates >= 80);
  }
}

TEST_CASE("warm-up batches and audited ones bring their gradient although they are not wanted") {
  auto settings = toy_settings("every:8"); // 0, 8, 16, 24, 32
  settings.warmup_batches = 6;             // 0 to 5
  settings.audit_every = 10;               // 0, 10, 20, 30
  const auto run = run_counted(settings);
  for (int interface = 0; interface < 3; ++interface) REQUIRE(run.with_values.at(interface) == 4 + 6 + 3);
  for (std::size_t group = 0; group < 3; ++group) REQUIRE(run.summary.groups[group].audit_norm_ratio >= 0);
}

TEST_CASE("above an error, gradients come while predictors are bad, and fewer when they are good enough") {
  auto settings = toy_settings("above:0.95");
  settings.steps = 400;
  const auto some = run_counted(settings);
  REQUIRE(some.asked >= 1);
  REQUIRE(sum(some.with_values) + sum(some.without) == 1200);
  REQUIRE(sum(some.without) > 100);
  REQUIRE(sum(some.with_values) > 1200 / static_cast<int>(gradient_demand::seldom));
  // A bound that nothing reaches: all come, and nobody asks.
  settings.gradients = demand("above:1e-9");
  const auto all = run_counted(settings);
  REQUIRE(sum(all.with_values) == 1200);
  REQUIRE(all.asked == 0);
}

TEST_CASE("with every Nth gradient a deterministic run has the same weights under every schedule, on any members") {
  const std::vector<int> member_of = GENERATE(values<std::vector<int>>({{0, 0, 0, 0}, {1, 1, 2, 2}, {3, 1, 2, 1}}));
  auto settings = toy_settings("every:3");
  settings.deterministic = true;
  cpu_device cpu;
  const auto expected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {});
  REQUIRE(expected.summary.steps == 40);
  settings.gradients = {};
  REQUIRE(run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {}).weights != expected.weights);
  settings = toy_settings("every:3");
  settings.deterministic = true;
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    schedule order;
    order.seed = seed;
    order.member_of = member_of;
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(out.stuck == "");
    REQUIRE(out.weights == expected.weights);
  }
}

TEST_CASE("a run that leaves gradients out learns the digits about as well") {
  static const dataset data = make_digits(1, 20000, 2000);
  training_settings settings;
  settings.policy = "synthetic";
  settings.split = {1, 1, 1, 1};
  settings.batch_size = 128;
  settings.steps = 500;
  settings.schedule = "0.7:0.1";
  const std::string which = GENERATE("every:4", "above:0.8");
  CAPTURE(which);
  settings.gradients = demand(which);
  settings.deterministic = !settings.gradients.above;
  cpu_device cpu;
  const auto out = run_threaded(settings, "mlp:784-128x3-10", data, cpu);
  REQUIRE(out.summary.failure == "");
  CHECK(out.summary.test["error"] <= 10);
  for (std::size_t group = 0; group < 3; ++group) CHECK(out.summary.groups[group].cosine > 0.2);
}

TEST_CASE("settings that leave gradients out where each is needed, or at moments that are not fixed, are refused") {
  cpu_device cpu;
  const auto refusal = [&](const training_settings& settings) {
    const auto prepared = training::prepare(settings, std::move(*make_network("mlp:5-4x3-3")), toy(), cpu);
    return prepared ? std::string() : prepared.message();
  };
  auto settings = toy_settings("every:2");
  REQUIRE(refusal(settings) == "");
  for (const auto* policy : {"corrected", "delayed", "locked"}) {
    settings.policy = policy;
    REQUIRE(refusal(settings).find(std::string(policy) + " needs each of them") != std::string::npos);
  }
  settings = toy_settings("above:0.5");
  REQUIRE(refusal(settings) == "");
  settings.deterministic = true;
  REQUIRE(refusal(settings).find("not measured at fixed batches") != std::string::npos);
}

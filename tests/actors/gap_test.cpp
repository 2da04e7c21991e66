// Training while the network between two groups is away: the groups below go on with their predictions, and everything
// is counted once, whatever the order of messages and whenever links are lost and come back.
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include "runtime/cpu/cpu_device.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

using namespace syngrad;
using namespace syngrad::test;

namespace {

training_settings settings_with_gaps(const std::string& policy) {
  auto settings = four_groups(policy, 25);
  settings.max_alone = 6;
  return settings;
}

// Everything that changes what a gap meets.
training_settings random_settings_with_gaps(const std::string& policy, random_source& random) {
  auto settings = settings_with_gaps(policy);
  settings.steps = 1 + random.below(30);
  settings.max_alone = 1 + random.below(12);
  settings.credits = 1 + static_cast<int>(random.below(3));
  settings.warmup_batches = random.below(3) == 0 ? random.below(8) : 0;
  settings.evaluate_every = random.below(2) ? 1 + random.below(9) : 0;
  settings.audit_every = random.below(3) == 0 ? 1 + random.below(3) : 0;
  settings.validation_fraction = random.below(4) == 0 ? 0.25 : 0;
  static const char* const kinds[] = {"ridge", "linear", "lowrank:2", "mlp:3", "exit"};
  settings.synthetic.kind = policy == "local" ? "head" : kinds[random.below(5)];
  return settings;
}

// Groups alone in their processes or together; a link has one neighbour on its side. Up to four cuts.
schedule random_schedule(std::uint64_t seed, random_source& random) {
  schedule order;
  order.seed = seed;
  static const std::vector<std::vector<int>> places{{1, 2, 3, 4}, {0, 1, 2, 0}, {1, 1, 2, 2}, {0, 1, 1, 1}};
  order.member_of = places[random.below(4)];
  for (auto left = 1 + random.below(4); left > 0; --left) {
    const auto at = random.below(600);
    order.cuts.push_back({static_cast<int>(random.below(3)), at, at + 1 + random.below(600)});
  }
  return order;
}

std::int64_t cuts_of(const schedule& order, int interface) {
  return std::count_if(order.cuts.begin(), order.cuts.end(),
                       [&](const auto& each) { return each.interface == interface; });
}

// Each batch trained the groups up to where it ended, and no other; corrected may have one more update, of what is
// left.
void require_consistent(const training_summary& summary, const training_settings& settings, const schedule& order) {
  REQUIRE(summary.groups.size() == 4);
  std::int64_t ended_above = 0;
  for (int i = 3; i >= 0; --i) {
    const auto& group = summary.groups[static_cast<std::size_t>(i)];
    ended_above += group.alone;
    CAPTURE(i, group.updates, group.alone, ended_above);
    REQUIRE(group.alone >= 0);
    REQUIRE(group.alone <= settings.max_alone.value_or(0) * cuts_of(order, i));
    const auto leftover = group.updates - summary.steps - ended_above;
    REQUIRE(leftover >= 0);
    REQUIRE(leftover <= (settings.policy == "corrected" && i < 3 ? 1 : 0));
  }
}

std::int64_t alone(const training_summary& summary) {
  std::int64_t sum = 0;
  for (const auto& each : summary.groups) sum += each.alone;
  return sum;
}

} // namespace

TEST_CASE("whenever links are lost and come back, all of the steps reach the loss once and what was trained alone is "
          "counted apart") {
  const std::string policy = GENERATE("synthetic", "corrected", "local");
  CAPTURE(policy);
  cpu_device cpu;
  int runs_alone = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    random_source random(seed, 31);
    const auto settings = random_settings_with_gaps(policy, random);
    const auto order = random_schedule(seed, random);
    CAPTURE(seed, settings.steps, settings.max_alone, settings.credits, settings.warmup_batches, order.member_of);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.summary.end == run_end::finished);
    REQUIRE(out.summary.steps == settings.steps);
    require_consistent(out.summary, settings, order);
    runs_alone += alone(out.summary) > 0;
  }
  REQUIRE(runs_alone > 100);
  REQUIRE(cpu.memory().counters().in_use == 0);
}

TEST_CASE("an interrupt or a target at any moment around a gap ends the run in order") {
  const std::string policy = GENERATE("synthetic", "corrected", "local");
  CAPTURE(policy);
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    random_source random(seed, 37);
    auto settings = random_settings_with_gaps(policy, random);
    settings.steps = 40;
    auto order = random_schedule(seed, random);
    if (random.below(3) == 0) {
      settings.evaluate_every = 3;
      settings.target = metric_target{"error", false, 50};
    } else {
      order.interrupt_at = random.below(1500);
    }
    CAPTURE(seed, settings.max_alone, settings.credits, order.member_of);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE((out.summary.end != run_end::finished || out.summary.steps == 40));
    REQUIRE(out.summary.steps <= 40);
    require_consistent(out.summary, settings, order);
  }
}

TEST_CASE("in a gap that outlasts it a group trains exactly max_alone batches and waits") {
  const std::string policy = GENERATE("synthetic", "corrected", "local");
  const int interface = GENERATE(0, 1, 2);
  const int credits = GENERATE(1, 3);
  CAPTURE(policy, interface, credits);
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    auto settings = settings_with_gaps(policy);
    settings.credits = credits;
    schedule order;
    order.seed = seed;
    order.member_of = {1, 2, 3, 4};
    order.cuts = {{interface, 60, 1000000}}; // back only when nothing else can go on
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.steps == 25);
    for (int i = 0; i < 4; ++i) {
      CAPTURE(i);
      REQUIRE(out.summary.groups[static_cast<std::size_t>(i)].alone == (i == interface ? 6 : 0));
    }
    require_consistent(out.summary, settings, order);
  }
}

TEST_CASE("an evaluation that a gap interrupts is left out, and the batches behind it are trained alone") {
  const std::string policy = GENERATE("synthetic", "corrected", "local");
  CAPTURE(policy);
  cpu_device cpu;
  int left_out = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    auto settings = settings_with_gaps(policy);
    settings.evaluate_every = 3;
    settings.max_alone = 20;
    schedule order;
    order.seed = seed;
    order.member_of = {1, 1, 2, 2};
    order.cuts = {{1, 60 + seed, 1000000}}; // back only when nothing else can go on
    std::vector<std::int64_t> evaluated_at;
    training_observer observer;
    observer.on_evaluation = [&](const evaluation_report& each) { evaluated_at.push_back(each.step); };
    observer.on_notice = [&](const std::string& line) { left_out += line.ends_with("training goes on below the gap"); };
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order, observer);
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.steps == 25);
    REQUIRE(out.summary.groups[1].alone == 20);
    require_consistent(out.summary, settings, order);
    REQUIRE(std::is_sorted(evaluated_at.begin(), evaluated_at.end()));
    REQUIRE(evaluated_at.back() == 25); // in steps of the run, whatever was trained alone
  }
  REQUIRE(left_out > 5);
}

TEST_CASE("batches that are trained alone are no steps of the learning rate's schedule") {
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    CAPTURE(seed);
    auto settings = settings_with_gaps("synthetic");
    settings.max_alone = 60;
    schedule order;
    order.seed = seed;
    order.member_of = {1, 1, 2, 2};
    order.cuts = {{1, 60, 1000000}};
    const auto plain = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    settings.schedule = "25:1e-30"; // after the last of the run's steps
    const auto decayed = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(plain.summary.groups[0].updates > 25 + 10);
    REQUIRE(decayed.summary.groups[0].updates == plain.summary.groups[0].updates);
    // The predictors count their own targets, of which there are fewer than steps.
    REQUIRE(decayed.weights == plain.weights);
    settings.schedule = "5:1e-30";
    REQUIRE(run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order).weights != plain.weights);
  }
}

TEST_CASE("each gap has its own max_alone, and 0 makes the groups wait") {
  cpu_device cpu;
  const std::int64_t max_alone = GENERATE(0, 4);
  auto settings = settings_with_gaps("synthetic");
  settings.steps = 60;
  settings.max_alone = max_alone;
  schedule order;
  order.member_of = {1, 1, 2, 2};
  order.cuts = {{1, 60, 1000000}, {1, 1000040, 2000000}, {1, 2000040, 3000000}};
  const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
  REQUIRE(out.stuck == "");
  REQUIRE(out.summary.steps == 60);
  REQUIRE(out.summary.groups[1].alone == 3 * max_alone);
  REQUIRE(out.summary.groups[0].updates == 60 + 3 * max_alone);
  REQUIRE(out.summary.groups[3].updates == 60);
}

TEST_CASE("batches that warm predictors up are never trained alone") {
  cpu_device cpu;
  auto settings = settings_with_gaps("corrected");
  settings.warmup_batches = settings.steps;
  schedule order;
  order.member_of = {1, 1, 2, 2};
  order.cuts = {{1, 30, 1000000}};
  const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
  REQUIRE(out.stuck == "");
  REQUIRE(out.summary.steps == 25);
  REQUIRE(alone(out.summary) == 0);
}

TEST_CASE("training alone is refused where nothing predicts, and in a deterministic run") {
  cpu_device cpu;
  const auto message_of = [&](const training_settings& settings) -> std::string {
    try {
      run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {});
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return "";
  };
  REQUIRE(message_of(settings_with_gaps("delayed")).find("max-alone: expected a --policy that predicts") !=
          std::string::npos);
  auto settings = settings_with_gaps("synthetic");
  settings.deterministic = true;
  REQUIRE(message_of(settings).find("max-alone: --deterministic cannot depend") != std::string::npos);
  settings.max_alone = 0;
  REQUIRE(message_of(settings) == "");
}

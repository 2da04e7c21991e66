// A run whose groups are spread over several members, none of which knows the others' actors: the same weights, bit for
// bit, and the same end under any order of messages.
#include "tests/actors/scheduled_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include "runtime/cpu/cpu_device.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

training_settings spread_settings(const std::string& policy) {
  auto settings = four_groups(policy, 12);
  settings.evaluate_every = 5;
  return settings;
}

} // namespace

TEST_CASE("a deterministic run over members has the weights of one in a single process, for every policy") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  const std::vector<int> member_of = GENERATE(values<std::vector<int>>({{1, 1, 2, 2}, {0, 1, 1, 0}, {3, 1, 2, 1}}));
  const std::string corrected = GENERATE("all", "2:loss");
  if (corrected != "all" && policy != "corrected") return;
  CAPTURE(policy, member_of, corrected);
  auto settings = spread_settings(policy);
  settings.deterministic = true;
  settings.corrected = *sample_choice::parse(corrected);
  if (settings.corrected.is_all()) settings.audit_every = 3;
  settings.validation_fraction = 0.25;
  cpu_device cpu;
  const auto expected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {});
  REQUIRE(expected.summary.steps == 12);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    schedule order;
    order.seed = seed;
    order.member_of = member_of;
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.weights == expected.weights);
    REQUIRE(out.summary.test["error"] == expected.summary.test["error"]);
  }
}

TEST_CASE("a free run over members ends under any order of messages, with every batch applied once") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  CAPTURE(policy);
  cpu_device cpu;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    random_source random(seed, 5);
    auto settings = spread_settings(policy);
    settings.credits = 1 + static_cast<int>(random.below(3));
    schedule order;
    order.seed = seed;
    for (int i = 0; i < 4; ++i) order.member_of.push_back(static_cast<int>(random.below(3)));
    if (random.below(4) == 0) order.interrupt_at = random.below(300);
    CAPTURE(seed, order.member_of);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, order);
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    if (!order.interrupt_at) REQUIRE(out.summary.steps == settings.steps);
    REQUIRE(out.summary.groups.size() == 4);
    for (const auto& group : out.summary.groups) REQUIRE(group.updates >= out.summary.steps);
  }
}

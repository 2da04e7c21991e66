// Every policy on a device that finishes its work late and out of order between streams: the same weights as on the
// CPU, so no handler relies on work being done inline.
#include "tests/actors/scheduled_run.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/late_device.hpp"
#include "tests/support/toy_data.hpp"

#include "runtime/cpu/cpu_device.hpp"
#include "runtime/operators.hpp"

using namespace syngrad;
using namespace syngrad::test;

TEST_CASE("every policy gives the same weights on a late device as on the CPU") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed", "local");
  const std::string kind = GENERATE("ridge", "linear", "mlp:3", "exit", "head", "head:mlp:3", "head:early-exit");
  const std::string corrected = GENERATE("all", "2:loss", "3:uniform");
  if (kind.starts_with("head") != (policy == "local") || (corrected != "all" && policy != "corrected")) return;
  CAPTURE(policy, kind, corrected);
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 2};
  settings.batch_size = 4;
  settings.steps = 20;
  settings.evaluate_every = 7;
  settings.deterministic = true;
  settings.corrected = *sample_choice::parse(corrected);
  if (settings.corrected.is_all()) settings.audit_every = 3;
  settings.synthetic.kind = kind;
  cpu_device cpu;
  const auto expected = run_scheduled(settings, "mlp:5-4x3-3", toy(), cpu, {1, {}, nullptr});
  REQUIRE(expected.summary.steps == 20);
  for (std::uint64_t seed = 1; seed < 25; ++seed) {
    CAPTURE(seed);
    late_device late(seed);
    const auto out = run_scheduled(settings, "mlp:5-4x3-3", toy(), late, {seed, {}, &late});
    REQUIRE(out.stuck == "");
    REQUIRE(out.summary.failure == "");
    REQUIRE(out.weights == expected.weights);
    REQUIRE(out.summary.test["error"] == expected.summary.test["error"]);
    for (std::size_t i = 0; i < 3; ++i) {
      const double cosine = expected.summary.groups[i].cosine;
      if (std::isnan(cosine))
        REQUIRE(std::isnan(out.summary.groups[i].cosine));
      else
        REQUIRE(out.summary.groups[i].cosine == cosine);
    }
  }
}

TEST_CASE("a late device really is late: nothing is done before it is asked") {
  late_device late(1);
  auto& work = late.make_stream();
  auto x = make_tensor(work, {8});
  late.synchronize();
  work.ops().fill(work, x, 1.0f);
  late.synchronize();
  work.ops().fill(work, x, 2.0f);
  const auto done = work.record();
  REQUIRE(x.f32()[0] == 1.0f);
  REQUIRE_FALSE(done.ready());
  late.synchronize();
  REQUIRE(x.f32()[0] == 2.0f);
  REQUIRE(done.ready());
}

TEST_CASE("memory that a late stream still reads is not overwritten by its next user") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    late_device late(seed);
    auto& slow = late.make_stream();
    auto& fast = late.make_stream();
    auto sum = make_tensor(slow, {1});
    {
      auto x = make_tensor(fast, {64});
      fast.ops().fill(fast, x, 1.0f);
      x.ready_after(fast.record());
      slow.ops().sum_squares(slow, x.read_on(slow), sum);
    } // returned to the pool while `slow` has not read it yet
    auto y = make_tensor(fast, {64});
    fast.ops().fill(fast, y, 5.0f);
    late.synchronize();
    REQUIRE(sum.f32()[0] == 64.0f);
    REQUIRE(late.memory().counters().allocations == 2);
  }
}

// What a policy declares of its updates, the run goes by: several forward passes make one update, and backward passes
// read the weights of their forward pass.
#include "actors/planned_memory.hpp"
#include "actors/update_policy.hpp"
#include "models/layers/linear.hpp"
#include "models/layers/relu.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/threaded_run.hpp"
#include "tests/actors/toy_runs.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace syngrad;
using namespace syngrad::test;

namespace {

constexpr int fourth = 4;

// True gradients of four forward passes make an update; each batch waits for its own.
class four_in_turn : public update_policy {
public:
  policy_capabilities capabilities() const override { return {.micro_batches = fourth}; }
  bool waits_for_gradient(std::uint64_t) const override { return true; }
  int fixed_lag(int, int) const override { return 0; }
  void on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) override {
    apply_received(group, record, kind, values);
  }
};

// The same with all four on their way at once: only the last one waits, and with it all of them.
class four_at_once : public four_in_turn {
public:
  bool waits_for_gradient(std::uint64_t batch) const override { return batch % fourth == fourth - 1; }
  int fixed_lag(int, int) const override { return fourth - 1; }
};

class stashing : public update_policy {
public:
  policy_capabilities capabilities() const override { return {.stashes_weights = true}; }
  int fixed_lag(int index, int count) const override { return 2 * (count - 1 - index); }
  void on_gradient(policy_actions& group, batch_record& record, gradient_kind kind, const tensor& values) override {
    apply_received(group, record, kind, values);
  }
};

class of_nothing : public four_in_turn {
public:
  policy_capabilities capabilities() const override { return {.micro_batches = 0}; }
};

template <class Policy>
std::unique_ptr<update_policy> make(const training_settings&) {
  return std::make_unique<Policy>();
}

void make_known() {
  const auto known = known_policies();
  if (std::find(known.begin(), known.end(), "four-in-turn") != known.end()) return;
  REQUIRE(register_policy({"four-in-turn", make<four_in_turn>}));
  REQUIRE(register_policy({"four-at-once", make<four_at_once>}));
  REQUIRE(register_policy({"stashing", make<stashing>}));
}

// Nothing in it takes statistics of a batch, so what its samples do adds up.
network plain_network() {
  network out{"plain", {{5}}, {}};
  const std::int64_t widths[] = {5, 6, 6, 3};
  for (int i = 0; i < 3; ++i) {
    layer_list unit;
    unit.push_back(std::make_unique<linear>(widths[i], widths[i + 1], true));
    if (i < 2) unit.push_back(std::make_unique<relu>(widths[i + 1]));
    out.units.push_back(std::move(unit));
  }
  return out;
}

threaded_result trained(const std::string& policy, std::int64_t steps, std::int64_t batch_size,
                        bool deterministic = true) {
  auto settings = three_groups(policy, steps);
  settings.batch_size = batch_size;
  settings.deterministic = deterministic;
  settings.threads = 2;
  settings.optimizer.name = "sgd";
  settings.optimizer.momentum = 0.9f;
  settings.learning_rate = 0.05f;
  settings.schedule = "0.5:0.1";
  cpu_device cpu;
  auto out = run_threaded(settings, plain_network(), toy(), cpu);
  REQUIRE(out.summary.failure == "");
  return out;
}

void require_close(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    REQUIRE(a[i] == Approx(b[i]).epsilon(1e-4).margin(1e-5));
  }
}

} // namespace

TEST_CASE("four micro-batches make the update of one batch four times as large, whatever waits for what") {
  make_known();
  const auto expected = trained("locked", 24, 16);
  const auto in_turn = trained("four-in-turn", 96, 4);
  for (const auto& group : in_turn.summary.groups) CHECK(group.updates == 24);
  require_close(in_turn.weights, expected.weights);
  for (const bool deterministic : {true, false}) {
    const auto at_once = trained("four-at-once", 96, 4, deterministic);
    for (const auto& group : at_once.summary.groups) CHECK(group.updates == 24);
    CHECK(at_once.weights == in_turn.weights);
  }
}

TEST_CASE("the micro-batches that are left at the end make an update of their own") {
  make_known();
  const auto whole = trained("four-at-once", 8, 4), more = trained("four-at-once", 9, 4);
  for (const auto& group : whole.summary.groups) CHECK(group.updates == 2);
  for (const auto& group : more.summary.groups) CHECK(group.updates == 3);
  CHECK(more.weights != whole.weights);
}

TEST_CASE("stashed weights change what is trained where updates come between, and nothing where none do") {
  make_known();
  CHECK(trained("stashing", 60, 8).weights != trained("delayed", 60, 8).weights);
  auto one_group = three_groups("stashing", 30);
  one_group.split = {3};
  cpu_device cpu;
  const auto stashed = run_threaded(one_group, plain_network(), toy(), cpu);
  one_group.policy = "delayed";
  CHECK(stashed.weights == run_threaded(one_group, plain_network(), toy(), cpu).weights);
}

TEST_CASE("a run has room for the weights that are stashed: a copy for each batch in flight below the top") {
  make_known();
  auto settings = three_groups("delayed", 1000);
  const auto without = memory_of_run(settings, plain_network()).value();
  settings.policy = "stashing";
  const auto with = memory_of_run(settings, plain_network()).value();
  for (std::size_t i = 0; i < 2; ++i) { // layers have no state, so that weights are all that is copied
    const auto in_flight = with.groups[i].in_flight;
    CHECK(in_flight == without.groups[i].in_flight);
    CHECK(with.groups[i].caches - without.groups[i].caches ==
          static_cast<std::uint64_t>(in_flight - 1) * with.groups[i].weights);
  }
  CHECK(with.groups[2].caches == without.groups[2].caches);
}

TEST_CASE("a policy whose update is made of nothing is refused") {
  const auto refused = register_policy({"of-nothing", make<of_nothing>});
  REQUIRE_FALSE(refused);
  CHECK(refused.message() == "policy 'of-nothing' makes an update of no micro-batch; the least is 1");
}

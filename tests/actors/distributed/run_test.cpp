// Runs over several "processes" with inboxes, plans and threads of their own, joined by loops instead of a network.
#include "actors/actor_system.hpp"
#include "actors/distributed/conducted_run.hpp"
#include "actors/distributed/group_hash.hpp"
#include "actors/distributed/member_run.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/actors/distributed/loop_peers.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/toy_data.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

using namespace syngrad;
using namespace syngrad::test;

namespace {

const dataset& toy() {
  static const dataset data = make_toy_data(5, 3, 64, 20, 1);
  return data;
}

constexpr const char* model = "mlp:5-4x3-3";

training_settings four_groups(const std::string& policy) {
  training_settings settings;
  settings.policy = policy;
  settings.split = {1, 1, 1, 1};
  settings.batch_size = 4;
  settings.steps = 30;
  settings.evaluate_every = 9;
  settings.deterministic = true;
  settings.hang_after_s = 20;
  return settings;
}

run_plan plan_of(const training_settings& settings, const std::vector<std::uint8_t>& node_of, std::uint8_t node,
                 device& where, training_observer observer = {}) {
  auto places = device_places::all_on(where, settings.split);
  for (std::size_t i = 0; i < node_of.size(); ++i)
    if (node_of[i] != node) places.groups[i] = nullptr;
  auto plan =
    make_run_plan(settings, std::move(*make_network(model)), node == 0 ? &toy() : nullptr, places, std::move(observer));
  if (!plan) throw std::invalid_argument(plan.message());
  return std::move(*plan);
}

using weights = std::map<std::string, std::vector<float>>;

weights by_name(const std::vector<layer_group::named_tensor>& tensors) {
  weights out;
  for (const auto& each : tensors) out[each.name] = {each.value.f32(), each.value.f32() + each.value.elements()};
  return out;
}

struct cluster_outcome {
  training_summary summary;
  weights gathered;
  std::map<int, member_outcome> nodes;
  std::map<int, weights> kept; // by the nodes themselves
};

struct cluster_test {
  training_settings settings;
  std::vector<std::uint8_t> node_of;
  std::function<void(training_settings&, int node)> spoil = {}; // what a node builds
  // While training, after the first evaluation; from a thread of the run.
  std::function<void(loop_peers&, const std::map<int, caf::actor>& inboxes)> meanwhile = {};

  cluster_outcome run() const {
    cluster_outcome out;
    const int count = *std::max_element(node_of.begin(), node_of.end());
    std::vector<std::unique_ptr<cpu_device>> devices; // outlive the actors
    for (int node = 0; node <= count; ++node) devices.push_back(std::make_unique<cpu_device>());
    auto& cpu = *devices.front();
    owned_actor_system system(2, 1);
    loop_peers peers(system.get());
    run_inbox inbox(system.get());
    peers.seat(0, inbox.address());
    std::map<int, caf::actor> inboxes{{0, inbox.address()}};
    std::vector<std::unique_ptr<run_inbox>> node_inboxes;
    for (int node = 1; node <= count; ++node) {
      node_inboxes.push_back(std::make_unique<run_inbox>(system.get()));
      inboxes[node] = node_inboxes.back()->address();
      peers.seat(static_cast<std::uint8_t>(node), inboxes[node]);
    }
    conductor_setup setup;
    setup.system = &system.get();
    setup.inbox = &inbox;
    setup.host = &cpu;
    setup.order.reconnect_for_s = 1;
    setup.hang_after_s = settings.hang_after_s;
    for (const auto node : node_of) setup.order.groups.push_back({node, "cpu"});
    {
      const auto whole = plan_of(settings, std::vector<std::uint8_t>(node_of.size(), 0), 0, cpu);
      for (std::size_t i = 0; i < node_of.size(); ++i) setup.hashes.push_back(hash_of_group(whole, i));
    }
    for (int node = 1; node <= count; ++node) {
      const auto number = static_cast<std::uint8_t>(node);
      const auto peer = peers.peer(0, number);
      const run_member who{number, std::string(1, static_cast<char>('a' + node - 1)), "", 0, 0};
      setup.order.members.push_back(who);
      setup.nodes.push_back({who, peer, control_ends(system.get(), inbox, 0, number, peer, cpu)});
    }
    const auto nodes = setup.nodes;
    std::vector<std::thread> threads;
    std::mutex mutex;
    for (int node = 1; node <= count; ++node)
      threads.emplace_back([&, node] {
        run_node(system.get(), peers, *node_inboxes[static_cast<std::size_t>(node - 1)],
                 *devices[static_cast<std::size_t>(node)], node, out, mutex);
      });
    std::atomic<bool> first{true};
    training_observer observer;
    observer.on_evaluation = [&](const evaluation_report&) {
      if (first.exchange(false) && meanwhile) meanwhile(peers, inboxes);
    };
    conducted_run run(std::move(setup), plan_of(settings, node_of, 0, cpu, observer));
    out.summary = run.run();
    out.gathered = by_name(run.weights());
    for (auto& each : threads) each.join();
    for (auto each : nodes) each.control.close(system.get());
    return out;
  }

  void run_node(caf::actor_system& system, loop_peers& peers, run_inbox& inbox, device& cpu, int node,
                cluster_outcome& out, std::mutex& mutex) const {
    const auto number = static_cast<std::uint8_t>(node);
    control_ends control(system, inbox, number, 0, peers.peer(number, 0), cpu);
    member_setup setup;
    setup.system = &system;
    setup.inbox = &inbox;
    setup.coordinator = &control;
    setup.name = std::string(1, static_cast<char>('a' + node - 1));
    setup.host = &cpu;
    setup.patience_s = 5;
    setup.options_of_links = [] { return link_options{}; };
    setup.build = [&](const run_order&) -> result<run_plan> {
      auto own = settings;
      if (spoil) spoil(own, node);
      if (own.steps < 0) return error{"out of everything"};
      return plan_of(own, node_of, number, cpu);
    };
    setup.peer_of = [&](const run_order&, std::uint8_t other) { return peers.peer(number, other); };
    setup.notice = [](const std::string&) {};
    {
      member_run run(std::move(setup));
      auto outcome = run.run();
      auto kept = by_name(run.weights());
      const std::lock_guard lock(mutex);
      out.nodes[node] = std::move(outcome);
      out.kept[node] = std::move(kept);
    }
    control.close(system);
    peers.hang_up(number);
  }
};

weights plain_weights(const training_settings& settings) {
  cpu_device cpu;
  auto run = training::prepare(settings, std::move(*make_network(model)), toy(), cpu);
  (*run)->run();
  return by_name((*run)->weights());
}

} // namespace

TEST_CASE("three nodes and a coordinator have the weights of a single process, bit for bit, for every policy") {
  const std::string policy = GENERATE("locked", "synthetic", "corrected", "delayed");
  const auto node_of = GENERATE(values<std::vector<std::uint8_t>>({{1, 2, 2, 3}, {0, 1, 0, 2}, {2, 1, 2, 1}}));
  CAPTURE(policy, node_of.front());
  const auto settings = four_groups(policy);
  const auto out = cluster_test{settings, node_of}.run();
  REQUIRE(out.summary.failure == "");
  REQUIRE(out.summary.end == run_end::finished);
  REQUIRE(out.summary.steps == 30);
  REQUIRE(out.summary.groups.size() == 4);
  REQUIRE(out.gathered == plain_weights(settings));
  for (const auto& [node, outcome] : out.nodes) {
    REQUIRE(outcome.end == run_end::finished);
    REQUIRE(outcome.delivered);
    REQUIRE(outcome.stuck.empty());
  }
}

TEST_CASE(
  "gradients that are not wanted save the bytes that they take, and what is reported as saved is what is missing") {
  auto settings = four_groups("synthetic");
  const auto all = cluster_test{settings, {1, 2, 2, 3}}.run().summary.groups;
  settings.gradients.every = 5;
  const auto out = cluster_test{settings, {1, 2, 2, 3}}.run();
  REQUIRE(out.gathered == plain_weights(settings));
  const auto& some = out.summary.groups;
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    REQUIRE(some[i].samples == 30 * 4);
    REQUIRE(some[i].bytes_from_below == all[i].bytes_from_below);
    REQUIRE(some[i].bytes_from_above + some[i].bytes_saved == all[i].bytes_from_above);
    REQUIRE(all[i].bytes_saved == 0);
    const bool link_below = i != 2, link_above = i == 0 || i == 2; // group 2 is beside group 1
    REQUIRE((some[i].bytes_from_below > 0) == link_below);
    REQUIRE((some[i].bytes_from_above > 0) == link_above);
    // 24 of 30 gradients of [4, 4] f32, and what describes the tensor beyond "none".
    if (link_above) REQUIRE(some[i].bytes_saved >= 24 * 4 * 4 * 4);
  }
}

TEST_CASE("the summary has what every process's devices hold, and the sum of all") {
  const auto settings = four_groups("synthetic");
  const auto summary = cluster_test{settings, {1, 2, 2, 2}}.run().summary;
  REQUIRE(summary.memory.size() == 3);
  REQUIRE(summary.memory.back().node == "coordinator"); // by name: after a and b
  std::map<std::string, std::uint64_t> held;
  std::uint64_t all = 0;
  for (const auto& each : summary.memory) {
    REQUIRE(each.device == "cpu");
    held[each.node] = each.bytes;
    all += each.bytes;
  }
  REQUIRE(held["a"] > 0);
  REQUIRE(held["b"] > held["a"]); // it has three groups, and the other one has one
  REQUIRE(summary.device_bytes == all);
}

TEST_CASE("a node that builds something else is found before the training, with a line that names both sides") {
  auto test = cluster_test{four_groups("synthetic"), {1, 1, 2, 2}};
  test.spoil = [](training_settings& settings, int node) { settings.seed += node == 2; };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.summary.failure.starts_with("group 2 is not the same on the coordinator and on node b (hashes "));
  REQUIRE(out.summary.steps == 0);
  for (const auto& [node, outcome] : out.nodes) REQUIRE(outcome.why == out.summary.failure);
}

TEST_CASE("a node that cannot build ends the run with its reason") {
  auto test = cluster_test{four_groups("synthetic"), {1, 1, 2, 2}};
  test.spoil = [](training_settings& settings, int node) { settings.steps = node == 1 ? -1 : settings.steps; };
  const auto out = test.run();
  REQUIRE(out.summary.failure == "node a cannot build its groups: out of everything");
  REQUIRE(out.nodes.at(2).end == run_end::failed);
}

TEST_CASE("a dead node ends the run: one line, and all other weights are saved, here and there") {
  auto test = cluster_test{four_groups("synthetic"), {1, 2, 2, 3}};
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [](loop_peers& peers, const auto&) { peers.kill(2); };
  // The "killed" thread of node 2 has to end, too: it hears that the coordinator is gone.
  const auto meanwhile = test.meanwhile;
  test.meanwhile = [meanwhile](loop_peers& peers, const auto& inboxes) {
    meanwhile(peers, inboxes);
    caf::anon_send(inboxes.at(2), peer_dead{0, "killed by the test", 0});
  };
  const auto out = test.run();
  REQUIRE(out.summary.end == run_end::failed);
  REQUIRE(out.summary.failure ==
          "node b is gone: killed by the test (last heard of 0.5 s ago); lost with it: the weights of groups 1, 2");
  REQUIRE(out.summary.steps >= 9);
  REQUIRE(out.gathered.contains("0.weight"));
  REQUIRE(out.kept.at(1).contains("0.weight"));
  REQUIRE(out.nodes.at(1).end == run_end::failed);
  REQUIRE(out.nodes.at(3).end == run_end::failed);
  REQUIRE(out.nodes.at(2).why.starts_with("the coordinator is gone: killed by the test"));
}

TEST_CASE("an interrupt ends the run in order, at the coordinator and at a node") {
  const int at = GENERATE(0, 2);
  CAPTURE(at);
  auto test = cluster_test{four_groups("corrected"), {1, 2, 2, 1}};
  test.settings.steps = 1'000'000'000;
  test.meanwhile = [at](loop_peers&, const auto& inboxes) { caf::anon_send(inboxes.at(at), interrupt_run{}); };
  const auto out = test.run();
  REQUIRE(out.gathered.size() == plain_weights(four_groups("locked")).size());
  for (const auto& [node, outcome] : out.nodes) {
    REQUIRE(outcome.delivered);
    REQUIRE(outcome.stuck.empty());
  }
  if (at == 0) {
    REQUIRE(out.summary.end == run_end::interrupted);
    REQUIRE(out.nodes.at(1).end == run_end::interrupted);
  } else {
    REQUIRE(out.summary.failure == "node b was interrupted");
  }
}

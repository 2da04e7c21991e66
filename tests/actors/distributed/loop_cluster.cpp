#include "tests/actors/distributed/loop_cluster.hpp"

#include "actors/actor_system.hpp"
#include "actors/distributed/group_survey.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tests/support/toy_data.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

namespace syngrad::test {

namespace {

std::string name_of_node(int node) {
  return std::string(1, static_cast<char>('a' + node - 1));
}

} // namespace

const dataset& loop_cluster::data() {
  return toy();
}

training_settings loop_cluster::four_groups(const std::string& policy) {
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

loop_cluster::weights loop_cluster::by_name(const std::vector<layer_group::named_tensor>& tensors) {
  weights out;
  for (const auto& each : tensors) out[each.name] = {each.value.f32(), each.value.f32() + each.value.elements()};
  return out;
}

run_plan loop_cluster::plan_of(const training_settings& own, std::uint8_t node, device& where,
                               training_observer observer) const {
  auto places = device_places::all_on(where, own.split);
  for (std::size_t i = 0; i < node_of.size(); ++i)
    if (node_of[i] != node) places.groups[i] = nullptr;
  auto net = make_network(model);
  if (change) change(*net);
  if (change_at) change_at(*net, node);
  auto plan = make_run_plan(own, std::move(*net), node == 0 ? (samples ? samples : &data()) : nullptr, places,
                            std::move(observer));
  if (!plan) throw std::invalid_argument(plan.message());
  return std::move(*plan);
}

conductor_setup loop_cluster::setup_of(caf::actor_system& system, run_inbox& inbox, loop_peers& peers,
                                       device& cpu) const {
  conductor_setup setup;
  setup.system = &system;
  setup.inbox = &inbox;
  setup.host = &cpu;
  setup.order.reconnect_for_s = 1;
  setup.hang_after_s = settings.hang_after_s;
  for (const auto node : node_of) setup.order.groups.push_back({node, "cpu"});
  auto net = make_network(model);
  if (change) change(*net);
  for (const auto& group : outline_groups(settings, *net)) {
    setup.hashes.push_back(hash_of_outline(settings, group, cpu));
    setup.weight_bytes.push_back(group.weight_bytes());
  }
  const int count = *std::max_element(node_of.begin(), node_of.end());
  for (int node = 1; node <= count; ++node) {
    const auto number = static_cast<std::uint8_t>(node);
    const auto peer = peers.peer(0, number);
    const run_member who{number, name_of_node(node), "", 0, 0};
    setup.order.members.push_back(who);
    setup.nodes.push_back({who, peer, control_ends(system, inbox, 0, number, peer, cpu)});
  }
  if (prepare) prepare(setup);
  return setup;
}

loop_cluster::outcome loop_cluster::run() const {
  outcome out;
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
  auto setup = setup_of(system.get(), inbox, peers, cpu);
  const auto nodes = setup.nodes;
  std::vector<std::thread> threads;
  std::mutex mutex;
  for (int node = 1; node <= count; ++node)
    threads.emplace_back([&, node] {
      const auto at = static_cast<std::size_t>(node);
      run_node(system.get(), peers, *node_inboxes[at - 1], *devices[at], node, out, mutex);
    });
  std::atomic<bool> first{true};
  training_observer observer;
  observer.on_evaluation = [&](const evaluation_report&) {
    if (first.exchange(false) && meanwhile) meanwhile(peers, inboxes);
  };
  observer.on_notice = [&](const std::string& line) {
    out.told.push_back(line);
    if (on_line) on_line(peers, line);
  };
  conducted_run run(std::move(setup), plan_of(settings, 0, cpu, observer));
  out.summary = run.run();
  out.gathered = by_name(run.weights());
  run.dismiss_all(on_disk);
  for (auto& each : threads) each.join();
  for (auto each : nodes) each.control.close(system.get());
  return out;
}

void loop_cluster::run_node(caf::actor_system& system, loop_peers& peers, run_inbox& inbox, device& cpu, int node,
                            outcome& out, std::mutex& mutex) const {
  const auto number = static_cast<std::uint8_t>(node);
  control_ends control(system, inbox, number, 0, peers.peer(number, 0), cpu);
  std::vector<std::string> told;
  member_setup setup;
  setup.system = &system;
  setup.inbox = &inbox;
  setup.coordinator = &control;
  setup.name = name_of_node(node);
  setup.host = &cpu;
  setup.patience_s = 5;
  setup.options_of_links = [] { return link_options{}; };
  setup.build = [&](const run_order&) -> result<run_plan> {
    auto own = settings;
    if (spoil) spoil(own, node);
    if (own.steps < 0) return error::resource("out of everything");
    return plan_of(own, number, cpu);
  };
  setup.peer_of = [&](const run_order&, std::uint8_t other) { return peers.peer(number, other); };
  setup.notice = [&](const std::string& line) { told.push_back(line); };
  setup.keep = [&](auto tensors) {
    const std::lock_guard lock(mutex);
    out.saved[node].push_back(by_name({tensors.begin(), tensors.end()}));
    return ok();
  };
  {
    member_run run(std::move(setup));
    auto ended = run.run();
    auto kept = by_name(run.weights());
    const std::lock_guard lock(mutex);
    out.nodes[node] = std::move(ended);
    out.kept[node] = std::move(kept);
    out.told_there[node] = std::move(told);
  }
  control.close(system);
  peers.hang_up(number);
}

} // namespace syngrad::test

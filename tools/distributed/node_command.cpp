#include "actors/actor_system.hpp"
#include "actors/deliberate_leak.hpp"
#include "actors/distributed/member_run.hpp"
#include "actors/distributed/process_part.hpp"
#include "actors/nodes/addresses.hpp"
#include "actors/nodes/node_system.hpp"
#include "actors/nodes/peer_setup.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/distributed/cluster_check.hpp"
#include "tools/distributed/input_end.hpp"
#include "tools/distributed/node_build.hpp"
#include "tools/distributed/node_options.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <iostream>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace syngrad::tools {

namespace {

void print_node_notice(const std::string& line) {
  std::cerr << ("syngrad node: " + line + '\n') << std::flush;
}

// What ends the run from outside may come before there is an inbox.
class end_target {
public:
  void aim(caf::actor inbox) {
    const std::lock_guard lock(mutex_);
    inbox_ = std::move(inbox);
    if (inbox_)
      for (const auto& each : std::exchange(early_, {})) caf::anon_send(inbox_, each);
  }
  template <class Event>
  void tell(Event event) {
    const std::lock_guard lock(mutex_);
    if (inbox_)
      caf::anon_send(inbox_, event);
    else
      early_.push_back(caf::make_message(event));
  }

private:
  std::mutex mutex_;
  caf::actor inbox_;
  std::vector<caf::message> early_;
};

// The peers of this node, made as they are needed: of two nodes the one with the lower number connects.
class node_peers {
public:
  node_peers(node_system& system, caf::actor owner) : system_(system), owner_(std::move(owner)) {}
  ~node_peers() {
    for (const auto& [node, peer] : peers_) caf::anon_send(peer, leave_peer{});
  }

  // `first_for_s`: for so long it may take until it answers for the first time; 0: without end.
  const caf::actor& to_coordinator(const endpoint& where, double first_for_s) {
    process_identity expected;
    expected.address = where;
    auto& peer = peers_[0];
    if (!peer)
      peer = spawn_initiating_peer(system_.get(), {system_.context(), owner_, 0, 0, expected, nullptr}, role::node,
                                   first_for_s);
    return peer;
  }

  caf::actor to(const run_order& order, std::uint8_t node) {
    if (const auto found = peers_.find(node); found != peers_.end()) return found->second;
    process_identity expected;
    for (const auto& each : order.members)
      if (each.node == node) expected = {each.name, each.instance, system_.identity().version, {each.host, each.port}};
    const peer_setup setup{system_.context(), owner_, order.node, node, expected, nullptr};
    if (order.node < node)
      return peers_[node] = spawn_initiating_peer(system_.get(), setup, role::peer, order.reconnect_for_s + 10);
    const auto peer = peers_[node] = spawn_accepting_peer(system_.get(), setup);
    caf::anon_send(system_.gatekeeper(), expect_peer{expected.name, expected.instance, peer});
    return peer;
  }

private:
  node_system& system_;
  caf::actor owner_;
  std::map<std::uint8_t, caf::actor> peers_;
};

exit_code conclude(const member_outcome& outcome, member_run& run, node_build& build) {
  const bool well = outcome.end == run_end::finished || outcome.end == run_end::target_reached;
  std::string line = outcome.why;
  if (outcome.delivered && (well || outcome.end == run_end::interrupted)) {
    build.forget_weights();
  } else if (run.plan()) {
    const auto saved = build.save(run.weights());
    line += line.empty() ? "" : "; ";
    line += saved ? "the weights here are saved in " + *saved : "the weights here are lost: " + saved.message();
  }
  if (outcome.end == run_end::interrupted) {
    if (!line.empty()) print_node_notice(line);
    return exit_code::interrupted;
  }
  if (well && outcome.delivered) return exit_code::done;
  print_node_notice(line);
  return exit_code::failed;
}

exit_code take_part(node_options& options) {
  constexpr int beside_actors = 7; // signals, the input's end, the trace, connections, and questions that take long
  if (const auto room = check_actor_threads(options.threads, options.intra_op, beside_actors); !room)
    return refuse_command("node", room.message());
  end_target ends;
  const auto step = [&ends](const char* what) {
    return [&ends, what] {
      print_node_notice(what);
      ends.tell(interrupt_run{});
    };
  };
  const signal_watcher watcher({step("ending the run in order; once more to leave it at once"),
                                step("leaving, with the weights saved here; once more to stop without")},
                               [&ends] { ends.tell(keep_weights{}); });
  std::optional<input_end> starter;
  if (options.end_with_input) starter.emplace([&ends] { ends.tell(starter_gone{}); });
  cpu_device host; // this and what is built outlive the system, whose actors use them
  std::optional<node_build> built;
  auto opened = node_system::open(options.network, options.threads, options.intra_op, print_node_notice);
  if (!opened) return refuse_command("node", opened.message());
  auto system = std::move(*opened);
  const auto& name = system->identity().name;
  auto folder = run_folder::create(options.run, "node-" + name);
  if (!folder) return refuse_command("node", folder.message());
  auto& build = built.emplace(options, name, std::move(*folder));
  auto result = exit_code::failed;
  bool stuck = false;
  {
    run_inbox inbox(system->get());
    ends.aim(inbox.address());
    node_peers peers(*system, inbox.address());
    const auto coordinator = peers.to_coordinator(*options.join, options.wait_for_s.value_or(0));
    control_ends control(system->get(), inbox, 1, 0, coordinator, host);
    control.say(
      introduction{options.devices, static_cast<std::uint16_t>(options.threads), measure_host_rate(options.threads)});
    member_setup setup;
    setup.system = &system->get();
    setup.inbox = &inbox;
    setup.coordinator = &control;
    setup.name = system->identity().name;
    setup.host = &host;
    setup.build = [&](const run_order& order) { return build.build(order); };
    setup.options_of_links = [&] {
      link_options links;
      links.activations = links.gradients = *parse_wire_format(build.settings().wire);
      return links;
    };
    setup.peer_of = [&](const run_order& order, std::uint8_t node) { return peers.to(order, node); };
    setup.send_trace = [&](const auto& send) { return build.send_trace(send); };
    setup.keep = [&](auto weights) {
      const auto saved = build.save(weights);
      return saved ? ok() : status(saved.failure());
    };
    setup.notice = print_node_notice;
    member_run run(std::move(setup));
    const auto outcome = run.run();
    for (const auto& each : outcome.stuck) print_node_notice(each + " does not end");
    stuck = !outcome.stuck.empty();
    result = conclude(outcome, run, build);
    control.close(system->get());
    ends.aim(nullptr);
    if (stuck) build.abandon();
  }
  if (stuck) leak_deliberately(std::move(system));
  return result;
}

} // namespace

exit_code run_node(std::span<const std::string> arguments) {
  ignore_write_signals();
  node_options options;
  auto reader = make_node_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << node_help(reader);
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("node", read.message());
  if (!options.join)
    return refuse_command("node", "--join: say where the coordinator is; write for example --join 127.0.0.1:7000");
  options.network.version = SYNGRAD_VERSION;
  const auto meaning = resolve_host(options.join->host); // a name that has no address yet may have one later
  if (meaning)
    if (auto allowed = check_exposure(options.network, *options.join, *meaning, "--join"); !allowed)
      return refuse_command("node", allowed.message());
  if (!options.network.listen)
    options.network.listen = meaning && meaning->is_loopback() ? endpoint{"127.0.0.1", 0} : endpoint{"0.0.0.0", 0};
  if (auto good = check_reach_options(options.network); !good) return refuse_command("node", good.message());
  return take_part(options);
}

} // namespace syngrad::tools

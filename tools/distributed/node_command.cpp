#include "actors/actor_system.hpp"
#include "actors/deliberate_leak.hpp"
#include "actors/distributed/member_run.hpp"
#include "actors/distributed/process_part.hpp"
#include "actors/nodes/addresses.hpp"
#include "actors/nodes/network_settings.hpp"
#include "actors/nodes/node_system.hpp"
#include "actors/nodes/peer_setup.hpp"
#include "actors/settings.hpp"
#include "runtime/cpu/cpu_device.hpp"
#include "runtime/process/process_limits.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/devices/device_options.hpp"
#include "tools/distributed/cluster_check.hpp"
#include "tools/distributed/input_end.hpp"
#include "tools/distributed/node_build.hpp"
#include "tools/nodes/network_options.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <algorithm>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace syngrad::tools {

namespace {

struct node_options {
  node_options(); // the defaults

  std::optional<endpoint> join;
  std::optional<double> wait_for_s; // for the coordinator; none: as long as it takes
  std::string devices = "cpu";      // "cpu,cuda:0"
  int threads = 1;
  int intra_op = 1;
  std::string run;             // folder of what it saves; empty: a new one under runs/
  bool end_with_input = false; // the starter is gone when standard input ends
  bool help = false;
  network_settings network;
};

std::string node_help(const option_reader&);

status check_devices(const std::string& value) {
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find(',', begin), value.size());
    if (auto name = parse_device_name(value.substr(begin, end - begin)); !name) return name.failure();
    begin = end + 1;
  }
  return ok();
}

node_options::node_options() : threads(usable_processors()) {}

option_reader make_node_option_reader(node_options& o) {
  auto wait_for = optional_real("wait-for", "SECONDS", o.wait_for_s, {0, 1e9, true},
                                "Without an answer from the coordinator for so long, end with 1");
  wait_for.shown_default = "as long as it takes";
  return option_reader(
    {{"What to take part in",
      {address("join", o.join, "Where the coordinator listens: syngrad train --listen HOST:PORT"), std::move(wait_for),
       text("devices", "DEVICE,...", o.devices,
            "What it offers to compute on; groups that are placed by cost go to the first", check_devices),
       whole_number("threads", o.threads, 1, most_threads,
                    "Threads that run the actors; as many as there are processors for this process (affinity, quota)"),
       whole_number("intra-op", o.intra_op, 1, most_threads, "Threads of one matrix product"),
       text("run", "DIR", o.run,
            "Folder for the weights of its groups, where the run ends without the coordinator having them on its disk; "
            "gone again where nothing is saved"),
       flag("end-with-input", o.end_with_input,
            "Leave, with weights saved, when standard input ends: for programs that start nodes, and may be killed"),
       flag("help", o.help, "This text")}},
     reach_options(o.network),
     protection_options(o.network),
     failure_options(o.network)});
}

std::string node_help(const option_reader& reader) {
  return "Usage: syngrad node --join HOST:PORT [OPTION]...\n\n"
         "Takes part in one run of `syngrad train --listen HOST:PORT`, with the groups that are placed on it, and "
         "ends\n"
         "with it. It may be started before the coordinator: it tries again until that is there. Data is not needed "
         "here.\n"
         "Defaults stand in brackets.\n\n" +
         format_option_help(reader.groups()) +
         "Examples:\n"
         "  syngrad node --join 127.0.0.1:7000 --name a\n"
         "  syngrad node --join gpu1:7000 --devices cuda:0,cpu --tls-cert a.pem --tls-key a-key.pem --tls-ca ca.pem\n\n"
         "Exit status: 0 the run is done, 1 it failed (weights of the groups here are saved), 2 bad usage,\n"
         "130 interrupted, here or elsewhere.\n";
}

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
  auto& build = built.emplace(options.threads, name, std::move(*folder));
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

#include "actors/actor_system.hpp"
#include "actors/distributed/joined_node.hpp"
#include "actors/nodes/network_settings.hpp"
#include "actors/settings.hpp"
#include "runtime/process/process_limits.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/devices/device_options.hpp"
#include "tools/distributed/cluster_options.hpp"
#include "tools/distributed/local_nodes.hpp"
#include "tools/distributed/node_build.hpp"
#include "tools/nodes/network_options.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <algorithm>
#include <iostream>
#include <optional>
#include <string>

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

exit_code conclude(const member_outcome& outcome) {
  const bool well = ended_well(outcome.end);
  if (well && outcome.delivered) return exit_code::done;
  const bool interrupted = outcome.end == run_end::interrupted;
  if (!interrupted || !outcome.why.empty()) print_node_notice(outcome.why);
  return interrupted ? exit_code::interrupted : exit_code::failed;
}

exit_code take_part(const node_options& options) {
  constexpr int beside_actors = 7; // signals, the input's end, the trace, connections, and questions that take long
  if (const auto room = check_actor_threads(options.threads, options.intra_op, beside_actors); !room)
    return refuse_command("node", room.failure());
  std::optional<node_build> build; // outlives the node, whose actors use what is built
  joined_node node({*options.join, options.network, options.wait_for_s, options.devices, options.threads,
                    options.intra_op, print_node_notice});
  const auto step = [&node](const char* what) {
    return [&node, what] {
      print_node_notice(what);
      node.interrupt();
    };
  };
  const signal_watcher watcher({step("ending the run in order; once more to leave it at once"),
                                step("leaving, with the weights saved here; once more to stop without")},
                               [&node] { node.keep_weights(); });
  std::optional<input_end> starter;
  if (options.end_with_input) starter.emplace([&node] { node.starter_is_gone(); });
  if (auto open = node.open(); !open) return refuse_command("node", open.failure());
  auto folder = run_folder::create(options.run, "node-" + node.name());
  if (!folder) return refuse_command("node", folder.failure());
  return conclude(node.run(build.emplace(options.threads, node.name(), std::move(*folder))));
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
  if (auto read = reader.read(arguments); !read) return refuse_command("node", read.failure());
  if (!options.join)
    return refuse_command(
      "node", error::setting("--join: say where the coordinator is; write for example --join 127.0.0.1:7000"));
  options.network.version = SYNGRAD_VERSION;
  auto reach = options.network; // a node listens, whether it is told where or not
  if (!reach.listen) reach.listen = endpoint{};
  if (auto good = check_reach_options(reach); !good) return refuse_command("node", good.failure());
  return take_part(options);
}

} // namespace syngrad::tools

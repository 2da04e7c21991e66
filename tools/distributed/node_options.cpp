#include "tools/distributed/node_options.hpp"

#include "actors/settings.hpp"
#include "runtime/process/process_limits.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/devices/device_options.hpp"
#include "tools/nodes/network_options.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

status check_devices(const std::string& value) {
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find(',', begin), value.size());
    if (auto name = parse_device_name(value.substr(begin, end - begin)); !name) return name.failure();
    begin = end + 1;
  }
  return ok();
}

} // namespace

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

} // namespace syngrad::tools

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/roster.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/nodes/network_options.hpp"
#include "tools/nodes/roster_text.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <iostream>

namespace syngrad::tools {

namespace {

struct nodes_options {
  std::vector<std::string> addresses; // exactly one
  network_settings network;
  std::string format = "table";
  int wait_s = 10;
  bool help = false;
};

option_reader make_nodes_option_reader(nodes_options& o) {
  option_reader reader(
    {{"The answer",
      {choice("format", o.format, {"table", "json"}, "How it is written"),
       whole_number("wait", o.wait_s, 1, 3600, "Seconds to wait for it"), flag("help", o.help, "This text")}},
     protection_options(o.network)});
  reader.take_words(o.addresses);
  return reader;
}

} // namespace

exit_code run_nodes(std::span<const std::string> arguments) {
  ignore_write_signals();
  nodes_options options;
  options.network.version = SYNGRAD_VERSION;
  auto reader = make_nodes_option_reader(options);
  if (asks_for_help(arguments)) {
    std::cout << "Usage: syngrad nodes HOST:PORT [OPTION]...\n\n"
                 "Asks the process that was started with --listen HOST:PORT which nodes are with it: devices, groups, "
                 "\nthe speed of their connections, when they were last heard. Defaults stand in brackets.\n\n"
              << format_option_help(reader.groups())
              << "Example:\n  syngrad nodes 10.0.0.1:7000 --tls-cert a.pem --tls-key a-key.pem --tls-ca ca.pem\n";
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command("nodes", read.message());
  if (options.addresses.size() != 1)
    return refuse_command("nodes", "expected the coordinator's address: syngrad nodes HOST:PORT");
  const auto where = parse_endpoint(options.addresses.front());
  if (!where) return refuse_command("nodes", where.message());
  if (const auto meaning = resolve_host(where->host)) // a name that has no address is explained below
    if (auto allowed = check_exposure(options.network, *where, *meaning, "connecting to"); !allowed)
      return refuse_command("nodes", allowed.message());
  const auto nodes = query_roster(options.network, *where, std::chrono::seconds(options.wait_s));
  if (!nodes) return fail_command("nodes", nodes.message());
  std::cout << (options.format == "json" ? format_roster_json(*nodes) : format_roster_table(*nodes)) << std::flush;
  return exit_code::done;
}

} // namespace syngrad::tools

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/handshake.hpp"
#include "actors/nodes/roster.hpp"
#include "runtime/io/json_writer.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/nodes/network_options.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/signals.hpp"
#include "tools/subcommand.hpp"

#include <iostream>
#include <string>
#include <vector>

namespace syngrad::tools {

namespace {

std::string show_words(const std::string& text) {
  return text.empty() ? "-" : printable(text);
}

std::string show_rate(std::uint64_t bytes_per_second) {
  return bytes_per_second == 0 ? "-" : show_real(static_cast<double>(bytes_per_second) * 1e-6, 1);
}

std::string show_last_heard(std::int64_t ms) {
  return ms < 0 ? "-" : show_real(static_cast<double>(ms) * 1e-3, 1);
}

std::string show_round_trip(std::int64_t ns) {
  return ns == 0 ? "-" : show_real(static_cast<double>(ns) * 1e-6, 2);
}

std::string format_roster_table(const std::vector<roster_entry>& nodes) {
  text_table table(
    {"node", "name", "address", "state", "devices", "groups", "MB/s", "ms there and back", "heard, s ago", "version"});
  for (const auto& node : nodes)
    table.add({std::to_string(node.node), show_words(node.name),
               node.port == 0 ? "-" : printable(to_text({node.host, node.port})), show_words(node.state),
               show_words(node.devices), show_words(node.groups), show_rate(node.bytes_per_second),
               show_round_trip(node.round_trip_ns), show_last_heard(node.last_heard_ms), show_words(node.version)});
  return table.str();
}

// What was not measured is null.
std::string format_roster_json(const std::vector<roster_entry>& nodes) {
  json_writer out;
  out.begin_array();
  const auto number_or_null = [&](const char* key, std::int64_t value) {
    out.key(key);
    value == 0 ? out.null() : out.number(value);
  };
  for (const auto& node : nodes) {
    out.begin_object();
    out.key("node").number(std::int64_t{node.node});
    out.key("name").text(node.name);
    out.key("host").text(node.host);
    number_or_null("port", node.port);
    out.key("state").text(node.state);
    out.key("devices").text(node.devices);
    out.key("groups").text(node.groups);
    number_or_null("bytes_per_second", static_cast<std::int64_t>(node.bytes_per_second));
    number_or_null("round_trip_ns", node.round_trip_ns);
    out.key("last_heard_ms");
    node.last_heard_ms < 0 ? out.null() : out.number(node.last_heard_ms);
    out.key("version").text(node.version);
    out.end_object();
  }
  out.end_array();
  return out.str() + "\n";
}

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
  if (auto read = reader.read(arguments); !read) return refuse_command("nodes", read.failure());
  if (options.addresses.size() != 1)
    return refuse_command("nodes", error::setting("expected the coordinator's address: syngrad nodes HOST:PORT"));
  const auto where = parse_endpoint(options.addresses.front());
  if (!where) return refuse_command("nodes", where.failure());
  if (const auto meaning = resolve_host(where->host)) // a name that has no address is explained below
    if (auto allowed = check_exposure(options.network, *where, *meaning, "connecting to"); !allowed)
      return refuse_command("nodes", allowed.failure());
  const auto nodes = query_roster(options.network, *where, std::chrono::seconds(options.wait_s));
  if (!nodes) return fail_command("nodes", nodes.failure());
  std::cout << (options.format == "json" ? format_roster_json(*nodes) : format_roster_table(*nodes)) << std::flush;
  return exit_code::done;
}

} // namespace syngrad::tools

#include "tools/distributed/cluster_options.hpp"

#include "tools/nodes/network_options.hpp"

namespace syngrad::tools {

namespace {

constexpr int most_nodes = 200; // a node's number is a byte

result<node_count> parse_nodes(const std::string& value) {
  const auto colon = value.find(':');
  const auto least = parse_whole(value.substr(0, colon));
  const auto most = colon == std::string::npos ? least : parse_whole(value.substr(colon + 1));
  if (!least || !most || *least < 1 || *most < *least || *most > most_nodes)
    return error{"expected MIN or MIN:MAX, 1 to " + std::to_string(most_nodes) + ", got '" + value +
                 "'; write for example --nodes 3"};
  return node_count{static_cast<int>(*least), static_cast<int>(*most)};
}

} // namespace

std::vector<option_group> cluster_groups(cluster_options& o, run_settings& settings) {
  auto nodes = text("nodes", "MIN[:MAX]", o.nodes,
                    "With --listen: how many `syngrad node --join HOST:PORT` to wait for; up to MAX, if they come soon",
                    [](const std::string& value) -> status {
                      if (auto read = parse_nodes(value); !read) return read.failure();
                      return ok();
                    });
  nodes.shown_default = "1";
  auto wait_for = optional_real("wait-for", "SECONDS", o.wait_for_s, {0, 1e9, true},
                                "Without enough nodes for so long, say who is missing and end with 1");
  wait_for.shown_default = "as long as it takes";
  std::vector<option_group> groups{
    {"Over several processes",
     {whole_number("local-nodes", o.local_nodes, 0, most_nodes,
                   "Start so many nodes on this machine, each a process of its own"),
      std::move(nodes), std::move(wait_for),
      setting_row(settings, "wire",
                  "How activations and gradients travel between processes; int8 has a scale for each row")}},
    reach_options(o.network),
    protection_options(o.network),
    failure_options(o.network)};
  groups.back().rows.push_back(
    setting_row(settings, "max-alone",
                "Batches that the groups below a gap in the network train on their predictions alone; then they wait. "
                "Not counted by --steps",
                "1000 where the policy predicts and the run is not --deterministic, else 0"));
  for (auto& group : groups)
    for (auto& row : group.rows) // what is empty is not set
      row.get = [get = row.get]() {
        auto value = get();
        return value && value->empty() ? std::nullopt : std::move(value);
      };
  return groups;
}

result<node_count> node_count_of(const cluster_options& o) {
  if (o.local_nodes > 0 && !o.nodes.empty())
    return error{"--local-nodes and --nodes exclude each other: the run starts its nodes itself, or waits for them"};
  if (o.local_nodes > 0) return node_count{o.local_nodes, o.local_nodes};
  if (!o.network.listen) return error{"--nodes: say where they come to: add --listen HOST:PORT, or use --local-nodes"};
  return o.nodes.empty() ? result<node_count>(node_count{1, 1}) : parse_nodes(o.nodes);
}

} // namespace syngrad::tools

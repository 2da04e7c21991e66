#include "tools/distributed/cluster_options.hpp"

#include "tools/devices/device_options.hpp"
#include "tools/distributed/local_nodes.hpp"
#include "tools/nodes/network_options.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

constexpr int most_nodes = 200; // a node's number is a byte

result<node_count> parse_nodes(const std::string& value) {
  const auto colon = value.find(':');
  const auto least = parse_whole(value.substr(0, colon));
  const auto most = colon == std::string::npos ? least : parse_whole(value.substr(colon + 1));
  if (!least || !most || *least < 1 || *most < *least || *most > most_nodes)
    return error::setting(
      fmt::format("expected MIN or MIN:MAX, 1 to {}, got '{}'; write for example --nodes 3", most_nodes, value));
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
      setting_row(
        settings, "wire",
        "How activations and gradients travel between processes: f32, bf16, or int8 with a scale for each row. "
        "rank:R, alone or behind a comma: gradients travel as two factors of so many columns, in the "
        "subspace that carries the most of them; rank:auto: as few as keep 99 % of the squared norm. "
        "summary.json has the error")}},
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
    return error::setting(
      "--local-nodes and --nodes exclude each other: the run starts its nodes itself, or waits for them");
  if (o.local_nodes > 0) return node_count{o.local_nodes, o.local_nodes};
  if (!o.network.listen)
    return error::setting("--nodes: say where they come to: add --listen HOST:PORT, or use --local-nodes");
  return o.nodes.empty() ? result<node_count>(node_count{1, 1}) : parse_nodes(o.nodes);
}

namespace {

// Options that say something to other processes, where there are none.
status check_alone(const cluster_options& o, const std::string& wire) {
  const cluster_options usual;
  const auto& network = o.network;
  const std::pair<const char*, bool> said[] = {
    {"name", !network.name.empty()},
    {"advertise", network.advertise.has_value()},
    {"port-range", network.ports.has_value()},
    {"tls-cert", network.tls.any()},
    {"insecure", network.insecure},
    {"wire", wire != run_settings().wire},
    {"wait-for", o.wait_for_s.has_value()},
    {"peer-timeout", network.peer_timeout_s != usual.network.peer_timeout_s},
    {"reconnect-for", network.reconnect_for_s != usual.network.reconnect_for_s}};
  for (const auto& [option, given] : said)
    if (given) return option_error(option, "expected --listen or --local-nodes with it; leave it out");
  return ok();
}

// Whoever may take part, as far as it is known: the processes that a run starts itself are, of others what --place
// says.
std::vector<placeable_node> nodes_to_come(const cluster_run& run, const std::vector<placement>& places) {
  std::vector<placeable_node> nodes{{0, "the coordinator", {"cpu"}}};
  const auto& cluster = run.cluster;
  for (int i = 1; i <= cluster.local_nodes; ++i)
    nodes.push_back({static_cast<std::uint8_t>(i), local_node_name(i), {run.devices.device}});
  if (cluster.local_nodes > 0) return nodes;
  for (const auto& place : places) {
    if (place.node.empty()) continue;
    auto found =
      std::find_if(nodes.begin() + 1, nodes.end(), [&](const auto& each) { return each.name == place.node; });
    if (found == nodes.end()) {
      const auto number = static_cast<std::uint8_t>(std::min<std::size_t>(nodes.size(), 255));
      found = nodes.insert(nodes.end(), {number, place.node, {}});
    }
    found->devices.push_back(place.device.str());
  }
  return nodes;
}

status check_places(const cluster_run& run, const node_count& count) {
  const auto& text = run.devices.place;
  if (text.empty()) return ok();
  const auto places = parse_placements(text);
  if (!places) return places.failure().prefixed("--place: ");
  const auto nodes = nodes_to_come(run, *places);
  if (auto placed = place_by_hand(text, run.settings.split.size(), nodes); !placed) return placed.failure();
  const auto named = nodes_of_places(text);
  if (static_cast<int>(named.size()) > count.most)
    return option_error("place", "expected at most " + std::to_string(count.most) + " nodes (--nodes), got " +
                                   std::to_string(named.size()) + "; let more of them come, or name fewer");
  return ok();
}

const placeable_node* find_node(const std::vector<placeable_node>& nodes, const std::string& name) {
  const auto found = std::find_if(nodes.begin(), nodes.end(),
                                  [&](const auto& each) { return name.empty() ? each.node == 0 : each.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

std::string names_of(const std::vector<placeable_node>& nodes) {
  std::string text;
  for (const auto& each : nodes)
    if (each.node != 0) text += (text.empty() ? "" : ", ") + each.name;
  return text;
}

} // namespace

result<std::vector<group_place>> place_by_hand(const std::string& places, std::size_t groups,
                                               const std::vector<placeable_node>& nodes) {
  const auto read = parse_placements(places);
  if (!read) return read.failure().prefixed("--place: ");
  std::vector<group_place> out(groups);
  std::vector<bool> named(groups);
  for (const auto& place : *read) {
    const auto* node = find_node(nodes, place.node);
    if (!node) return error::setting("--place: there is no node '" + place.node + "'; here are " + names_of(nodes));
    const auto device = place.device.str();
    if (std::find(node->devices.begin(), node->devices.end(), device) == node->devices.end())
      return error::setting("--place: node " + node->name + " does not offer " + device + "; start it with --devices " +
                            device + ", or place the group elsewhere");
    for (int i = place.first; i <= place.last; ++i) {
      if (static_cast<std::size_t>(i) >= groups)
        return error::setting(fmt::format("--place: there is no group {}; the run has {}, counted from 0", i, groups));
      out[static_cast<std::size_t>(i)] = {node->node, device};
      named[static_cast<std::size_t>(i)] = true;
    }
  }
  for (std::size_t i = 0; i < groups; ++i)
    if (!named[i])
      return error::setting(
        fmt::format("--place: group {} is not named; over several processes name all groups, or leave --place out", i));
  return out;
}

result<std::vector<group_place>> place_groups(const std::string& places, const std::vector<placeable_group>& groups,
                                              const std::vector<placeable_node>& nodes, int chunks) {
  if (places.empty()) return place_by_cost(groups, nodes, chunks);
  auto all = nodes;
  all.insert(all.begin(), {0, "the coordinator", {"cpu"}});
  return place_by_hand(places, groups.size(), all);
}

std::set<std::string> nodes_of_places(const std::string& text) {
  std::set<std::string> out;
  if (const auto places = parse_placements(text))
    for (const auto& each : *places)
      if (!each.node.empty()) out.insert(each.node);
  return out;
}

status check_reach_options(const network_settings& s) {
  if (s.advertise && !s.listen) return option_error("advertise", "expected --listen HOST:PORT with it");
  if (s.ports && (!s.listen || s.listen->port != 0))
    return option_error("port-range",
                        "expected --listen HOST:0 with it, which leaves the port open; leave one of them out");
  if (auto whole = s.tls.check(); !whole) return whole.failure().prefixed("--tls-cert: ");
  return ok();
}

status check_cluster(const cluster_run& run) {
  const auto& cluster = run.cluster;
  if (!cluster.active()) return check_alone(cluster, run.settings.wire);
  const auto count = node_count_of(cluster);
  if (!count) return count.failure();
  if (auto good = check_reach_options(cluster.network); !good) return good;
  if (cluster.local_nodes == 0 && run.devices.device != device_choice().device)
    return option_error("device",
                        "nodes say themselves what they compute on (syngrad node --devices), and --place chooses; "
                        "leave it out");
  return check_places(run, *count);
}

} // namespace syngrad::tools

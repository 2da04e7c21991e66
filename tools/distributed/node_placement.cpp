#include "tools/distributed/node_placement.hpp"

#include "tools/devices/device_options.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace syngrad::tools {

namespace {

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

double cost_of(const std::vector<placeable_group>& groups, std::size_t first, std::size_t end,
               const placeable_node& node) {
  if (first == end) return 0;
  double work = 0;
  for (std::size_t i = first; i < end; ++i) work += groups[i].multiply_adds;
  double bytes = groups[first].bytes_below;
  if (end < groups.size()) bytes += groups[end].bytes_below;
  return std::max(work / node.flops, node.bytes_per_second > 0 ? bytes / node.bytes_per_second : 0);
}

} // namespace

result<std::vector<group_place>> place_by_hand(const std::string& places, std::size_t groups,
                                               const std::vector<placeable_node>& nodes) {
  const auto read = parse_placements(places);
  if (!read) return error{"--place: " + read.message()};
  std::vector<group_place> out(groups);
  std::vector<bool> named(groups);
  for (const auto& place : *read) {
    const auto* node = find_node(nodes, place.node);
    if (!node) return error{"--place: there is no node '" + place.node + "'; here are " + names_of(nodes)};
    const auto device = place.device.str();
    if (std::find(node->devices.begin(), node->devices.end(), device) == node->devices.end())
      return error{"--place: node " + node->name + " does not offer " + device + "; start it with --devices " + device +
                   ", or place the group elsewhere"};
    for (int i = place.first; i <= place.last; ++i) {
      if (static_cast<std::size_t>(i) >= groups)
        return error{"--place: there is no group " + std::to_string(i) + "; the run has " + std::to_string(groups) +
                     ", counted from 0"};
      out[static_cast<std::size_t>(i)] = {node->node, device};
      named[static_cast<std::size_t>(i)] = true;
    }
  }
  for (std::size_t i = 0; i < groups; ++i)
    if (!named[i])
      return error{"--place: group " + std::to_string(i) +
                   " is not named; over several processes name all groups, or leave --place out"};
  return out;
}

std::vector<group_place> place_by_cost(const std::vector<placeable_group>& groups,
                                       const std::vector<placeable_node>& nodes) {
  // best[n][g]: the cost of the slowest of the first n nodes when they have the first g groups.
  const auto count = groups.size();
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> best(nodes.size() + 1, std::vector<double>(count + 1, never));
  std::vector<std::vector<std::size_t>> from(nodes.size() + 1, std::vector<std::size_t>(count + 1, 0));
  best[0][0] = 0;
  for (std::size_t n = 1; n <= nodes.size(); ++n)
    for (std::size_t end = 0; end <= count; ++end)
      for (std::size_t first = 0; first <= end; ++first) {
        const auto cost = std::max(best[n - 1][first], cost_of(groups, first, end, nodes[n - 1]));
        if (cost < best[n][end]) {
          best[n][end] = cost;
          from[n][end] = first;
        }
      }
  std::vector<group_place> out(count);
  auto end = count;
  for (std::size_t n = nodes.size(); n > 0; --n) {
    const auto first = from[n][end];
    for (auto i = first; i < end; ++i) out[i] = {nodes[n - 1].node, nodes[n - 1].devices.front()};
    end = first;
  }
  return out;
}

result<std::vector<group_place>> place_groups(const std::string& places, const std::vector<placeable_group>& groups,
                                              const std::vector<placeable_node>& nodes) {
  if (places.empty()) return place_by_cost(groups, nodes);
  auto all = nodes;
  all.insert(all.begin(), {0, "the coordinator", {"cpu"}});
  return place_by_hand(places, groups.size(), all);
}

std::string format_measures(const placeable_node& node) {
  char text[100];
  std::snprintf(text, sizeof text, ": %.1f GFLOP/s, %.1f MB/s, %.2f ms there and back", 2e-9 * node.flops,
                1e-6 * node.bytes_per_second, 1e3 * node.round_trip_s);
  return "node " + node.name + text;
}

std::string format_places(const std::vector<group_place>& places, const std::vector<placeable_node>& nodes) {
  std::string text;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto first = i;
    const auto same = [&](std::size_t j) {
      return places[j].node == places[first].node && places[j].device == places[first].device;
    };
    while (i + 1 < places.size() && same(i + 1)) ++i;
    const auto node = std::find_if(nodes.begin(), nodes.end(), [&](auto& each) { return each.node == places[i].node; });
    text += (text.empty() ? "groups " : ", ") + std::to_string(first) + (i > first ? "-" + std::to_string(i) : "") +
            " on " +
            (places[i].node == 0   ? "the coordinator"
             : node == nodes.end() ? "?"
                                   : node->name) +
            " (" + places[i].device + ")";
  }
  return text;
}

} // namespace syngrad::tools

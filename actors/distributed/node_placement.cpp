#include "actors/distributed/node_placement.hpp"

#include "actors/nodes/network_settings.hpp"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <limits>
#include <utility>

namespace syngrad {

namespace {

// `work_before[i]`: of all groups before i.
double cost_on(const std::vector<placeable_group>& groups, const std::vector<double>& work_before, std::size_t first,
               std::size_t end, const placeable_node& node) {
  if (first == end) return 0;
  double bytes = groups[first].bytes_below;
  if (end < groups.size()) bytes += groups[end].bytes_below;
  return std::max((work_before[end] - work_before[first]) / node.flops,
                  node.bytes_per_second > 0 ? bytes / node.bytes_per_second : 0);
}

endpoint address_of(const run_member& node) {
  return {node.host, node.port};
}

std::string out_of_reach(const run_member& near, const run_member& far) {
  return "node " + near.name + " joined by a loopback address and is reached at " + to_text(address_of(near)) +
         " on the coordinator's machine only, but its neighbour " + far.name + " is at " + to_text(address_of(far)) +
         ": let " + near.name +
         " --join by the address that the others use, or start it with --listen 0.0.0.0:PORT and --advertise HOST:PORT";
}

} // namespace

std::vector<group_place> place_by_cost(const std::vector<placeable_group>& all,
                                       const std::vector<placeable_node>& nodes, int chunks) {
  const auto workers = all.size() / static_cast<std::size_t>(chunks);
  std::vector<placeable_group> groups(workers);
  for (std::size_t i = 0; i < all.size(); ++i) {
    groups[i % workers].multiply_adds += all[i].multiply_adds;
    groups[i % workers].bytes_below += all[i].bytes_below;
  }
  // best[n][g]: the cost of the slowest of the first n nodes when they have the first g groups.
  const auto count = groups.size();
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<double> work_before{0};
  for (const auto& each : groups) work_before.push_back(work_before.back() + each.multiply_adds);
  std::vector<std::vector<double>> best(nodes.size() + 1, std::vector<double>(count + 1, never));
  std::vector<std::vector<std::size_t>> from(nodes.size() + 1, std::vector<std::size_t>(count + 1, 0));
  best[0][0] = 0;
  for (std::size_t n = 1; n <= nodes.size(); ++n)
    for (std::size_t end = 0; end <= count; ++end)
      for (std::size_t first = 0; first <= end; ++first) {
        const auto cost = std::max(best[n - 1][first], cost_on(groups, work_before, first, end, nodes[n - 1]));
        if (cost < best[n][end]) {
          best[n][end] = cost;
          from[n][end] = first;
        }
      }
  std::vector<group_place> out(all.size());
  auto end = count;
  for (std::size_t n = nodes.size(); n > 0; --n) {
    const auto first = from[n][end];
    for (std::size_t i = 0; i < out.size(); ++i)
      if (i % workers >= first && i % workers < end) out[i] = {nodes[n - 1].node, nodes[n - 1].devices.front()};
    end = first;
  }
  return out;
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
    text +=
      fmt::format("{}{}{} on {} ({})", text.empty() ? "groups " : ", ", first, i > first ? "-" + std::to_string(i) : "",
                  places[i].node == 0   ? "the coordinator"
                  : node == nodes.end() ? "?"
                                        : node->name,
                  places[i].device);
  }
  return text;
}

status check_reach(const std::vector<run_member>& nodes, const std::vector<group_place>& places,
                   const std::function<bool(const std::string& host)>& is_loopback,
                   const std::function<bool(const std::string& host)>& is_here) {
  const auto find = [&](std::uint8_t node) -> const run_member* { // null: the coordinator, whom all have reached
    const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const auto& each) { return each.node == node; });
    return node == 0 || found == nodes.end() ? nullptr : &*found;
  };
  for (std::size_t i = 1; i < places.size(); ++i) {
    const auto* near = find(places[i - 1].node);
    const auto* far = find(places[i].node);
    if (!near || !far || near == far || is_loopback(near->host) == is_loopback(far->host)) continue;
    if (is_loopback(far->host)) std::swap(near, far);
    if (!is_here(far->host)) return error::peer(out_of_reach(*near, *far));
  }
  return ok();
}

} // namespace syngrad

#include "tools/distributed/neighbour_reach.hpp"

#include "actors/nodes/network_settings.hpp"

#include <algorithm>

namespace syngrad::tools {

namespace {

endpoint address_of(const run_member& node) {
  return {node.host, node.port};
}

std::string refusal(const run_member& near, const run_member& far) {
  return "node " + near.name + " joined by a loopback address and is reached at " + to_text(address_of(near)) +
         " on the coordinator's machine only, but its neighbour " + far.name + " is at " + to_text(address_of(far)) +
         ": let " + near.name +
         " --join by the address that the others use, or start it with --listen 0.0.0.0:PORT and --advertise HOST:PORT";
}

} // namespace

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
    if (!is_here(far->host)) return error{refusal(*near, *far)};
  }
  return ok();
}

} // namespace syngrad::tools

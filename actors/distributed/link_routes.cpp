#include "actors/distributed/link_routes.hpp"

#include <algorithm>

namespace syngrad {

namespace {

std::uint32_t number_of(const run_role& role) {
  return static_cast<std::uint32_t>(role.what) + static_cast<std::uint32_t>(role.group);
}

} // namespace

std::string name_of(const run_role& role) {
  static constexpr const char* names[] = {"any actor", "control", "the coordinator", "the source"};
  if (role.what == role_kind::group) return "group " + std::to_string(role.group);
  return names[static_cast<int>(role.what)];
}

std::uint32_t link_route::number() const {
  return number_of(from) << 16 | number_of(to);
}

std::uint16_t link_route::interface() const {
  if (from.what != role_kind::group || to.what != role_kind::group) return no_interface;
  return static_cast<std::uint16_t>(std::min(from.group, to.group));
}

std::string link_route::title() const {
  const auto name = [this](const run_role& role, bool there) {
    if (role.what != role_kind::anybody) return name_of(role);
    return there ? "node " + std::to_string(other) : "this node";
  };
  return "link " + name(from, !outgoing) + " -> " + name(to, outgoing);
}

std::vector<link_route> routes_of(std::uint8_t here, const std::vector<std::uint8_t>& node_of) {
  std::vector<link_route> routes;
  const auto add = [&](const run_role& from, std::uint8_t from_node, const run_role& to, std::uint8_t to_node) {
    if (from_node == to_node) return;
    if (from_node == here) routes.push_back({from, to, to_node, true});
    if (to_node == here) routes.push_back({from, to, from_node, false});
  };
  const run_role coordinator{role_kind::coordinator, 0}, anybody{role_kind::anybody, 0};
  run_role below{role_kind::source, 0};
  std::uint8_t below_node = 0;
  for (std::size_t i = 0; i < node_of.size(); ++i) {
    const run_role group{role_kind::group, static_cast<int>(i)};
    add(below, below_node, group, node_of[i]);
    add(group, node_of[i], below, below_node);
    add(coordinator, 0, group, node_of[i]);
    below = group;
    below_node = node_of[i];
  }
  auto nodes = node_of;
  std::sort(nodes.begin(), nodes.end());
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  for (const auto node : nodes) add(anybody, node, coordinator, 0);
  return routes;
}

link_route control_route(std::uint8_t here, std::uint8_t other, bool outgoing) {
  const run_role control{role_kind::control, 0}, anybody{role_kind::anybody, 0};
  const bool from_coordinator = (here == 0) == outgoing;
  return {from_coordinator ? control : anybody, from_coordinator ? anybody : control, other, outgoing};
}

std::vector<std::uint8_t> neighbours_of(std::uint8_t here, const std::vector<std::uint8_t>& node_of) {
  std::vector<std::uint8_t> all;
  for (const auto& route : routes_of(here, node_of)) all.push_back(route.other);
  if (here != 0) all.push_back(0);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

} // namespace syngrad

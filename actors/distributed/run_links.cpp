#include "actors/distributed/run_links.hpp"

#include "actors/distributed/process_part.hpp"
#include "actors/links/link_ends.hpp"
#include "actors/nodes/peer_messages.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace syngrad {

namespace {

std::uint32_t number_of(const run_role& role) {
  return static_cast<std::uint32_t>(role.what) + static_cast<std::uint32_t>(role.group);
}

caf::actor local_actor(const running_actors& local, const run_role& role) {
  switch (role.what) {
  case role_kind::coordinator:
    return local.coordinator;
  case role_kind::source:
    return local.source;
  case role_kind::group:
    return local.groups[static_cast<std::size_t>(role.group)];
  case role_kind::anybody:
  case role_kind::control:
    break;
  }
  return {};
}

void stand_in(outside_actors& outside, const run_role& role, const caf::actor& link) {
  if (role.what == role_kind::coordinator) outside.coordinator = link;
  if (role.what == role_kind::source) outside.source = link;
  if (role.what == role_kind::group) outside.groups[static_cast<std::size_t>(role.group)] = link;
}

// A group that is above or below hears when the network is away; a request for reports has no owner.
caf::actor owner_of(const running_actors& local, const run_role& from) {
  return from.what == role_kind::group ? local_actor(local, from) : caf::actor{};
}

// Null where it is not to or from a neighbour of a group.
std::shared_ptr<link_counters> counters_of(const running_actors& local, const link_route& route) {
  const auto& from = route.from;
  if (route.to.what != role_kind::group || (from.what != role_kind::group && from.what != role_kind::source))
    return nullptr;
  const auto at = static_cast<std::size_t>(route.to.group);
  const bool is_above = from.what == role_kind::group && from.group > route.to.group;
  return is_above ? local.from_above[at] : local.from_below[at];
}

// Where what it sends is computed.
device* device_of(const run_plan& plan, const run_role& from) {
  if (from.what == role_kind::source) return plan.source_device;
  if (from.what == role_kind::group) return plan.groups[static_cast<std::size_t>(from.group)].where;
  return nullptr;
}

} // namespace

std::string name_of(const run_role& role) {
  static constexpr const char* names[] = {"any actor", "control", "the coordinator", "the source"};
  if (role.what == role_kind::group) return fmt::format("group {}", role.group);
  return names[static_cast<int>(role.what)];
}

std::uint32_t link_route::number() const {
  return number_of(from) << 16 | number_of(to);
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
  const auto add = [&](const run_role& from, std::uint8_t from_node, const run_role& to, std::uint8_t to_node,
                       edge_id edge = no_edge) {
    if (from_node == to_node) return;
    if (from_node == here) routes.push_back({from, to, to_node, true, edge});
    if (to_node == here) routes.push_back({from, to, from_node, false, edge});
  };
  const run_role coordinator{role_kind::coordinator, 0}, anybody{role_kind::anybody, 0};
  const auto end_of = [&](int end) {
    if (end == run_edge::source) return std::pair{run_role{role_kind::source, 0}, std::uint8_t{0}};
    return std::pair{run_role{role_kind::group, end}, node_of[static_cast<std::size_t>(end)]};
  };
  for (const auto& edge : run_edges(node_of.size())) {
    if (edge.is_open()) continue;
    const auto [below, below_node] = end_of(edge.below);
    const auto [above, above_node] = end_of(edge.above);
    add(below, below_node, above, above_node, edge.id);
    add(above, above_node, below, below_node, edge.id);
    add(coordinator, 0, above, above_node);
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

control_ends::control_ends(caf::actor_system& system, run_inbox& inbox, std::uint8_t here, std::uint8_t other,
                           const caf::actor& peer, device& host) {
  // Numbers from the far end: the run's actors count from 1.
  const auto context_of = [here](std::uint8_t node, std::uint16_t which) -> actor_context {
    return {static_cast<std::uint16_t>(0xffff - 2 * node - which), nullptr, here};
  };
  const auto to = control_route(here, other, true), from = control_route(here, other, false);
  const auto title = [other](const char* direction) {
    return fmt::format("control link {} node {}", direction, other);
  };
  port_ = inbox.port_for(other);
  outgoing_link_setup outgoing;
  outgoing.number = to.number();
  outgoing.title = title("to");
  outgoing_ = spawn_outgoing_link(system, context_of(other, 0), std::move(outgoing));
  incoming_link_setup incoming;
  incoming.number = from.number();
  incoming.title = title("from");
  incoming.target = port_;
  incoming.host = &host;
  incoming.counters = received_ = std::make_shared<link_counters>();
  incoming_ = spawn_incoming_link(system, context_of(other, 1), std::move(incoming));
  caf::anon_send(peer, register_link{to.number(), outgoing_});
  caf::anon_send(peer, register_link{from.number(), incoming_});
}

void control_ends::close(caf::actor_system& system) {
  if (outgoing_) stop_actors(system, {outgoing_, incoming_, port_});
  outgoing_ = incoming_ = port_ = nullptr;
}

run_links join_with_links(caf::actor_system& system, const run_plan& plan, running_actors& local,
                          const link_wiring& wiring) {
  run_links out;
  out.outside.groups.resize(wiring.node_of.size());
  out.outside.asked.resize(wiring.node_of.size());
  const auto context_of = [&]() -> actor_context { return {++local.numbers_used, plan.trace, plan.node}; };
  const auto routes = routes_of(wiring.here, wiring.node_of);
  const auto add_outgoing = [&](const link_route& route) {
    outgoing_link_setup setup;
    setup.number = route.number();
    setup.title = route.title();
    setup.edge = route.edge;
    setup.owner = owner_of(local, route.from);
    setup.coordinator = local.coordinator ? local.coordinator : out.outside.coordinator;
    setup.options = wiring.options;
    setup.source = device_of(plan, route.from);
    auto context = context_of(); // what is sent to it is sent over the edge
    context.below = context.above = route.edge;
    const auto link = spawn_outgoing_link(system, context, std::move(setup));
    if (route.from.what == role_kind::coordinator)
      out.outside.asked[static_cast<std::size_t>(route.to.group)] = link;
    else
      stand_in(out.outside, route.to, link);
    out.ends.push_back({route, link});
  };
  for (const auto& route : routes)
    if (route.outgoing && route.to.what == role_kind::coordinator) add_outgoing(route);
  for (const auto& route : routes)
    if (route.outgoing && route.to.what != role_kind::coordinator) add_outgoing(route);
  join_actors(local, out.outside);
  for (const auto& route : routes) {
    if (route.outgoing) continue;
    incoming_link_setup setup;
    setup.number = route.number();
    setup.title = route.title();
    setup.edge = route.edge;
    setup.target = local_actor(local, route.to);
    setup.host = wiring.host;
    setup.options = wiring.options;
    setup.counters = counters_of(local, route);
    out.ends.push_back({route, spawn_incoming_link(system, context_of(), std::move(setup))});
  }
  for (const auto& end : out.ends) {
    local.all.push_back(end.actor);
    caf::anon_send(wiring.peer_of(end.route.other), register_link{end.route.number(), end.actor});
  }
  return out;
}

} // namespace syngrad

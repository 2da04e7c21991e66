#include "actors/distributed/run_links.hpp"

#include "actors/distributed/own_part.hpp"
#include "actors/links/link_ends.hpp"
#include "actors/nodes/peer_messages.hpp"

namespace syngrad {

namespace {

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

control_ends::control_ends(caf::actor_system& system, run_inbox& inbox, std::uint8_t here, std::uint8_t other,
                           const caf::actor& peer, device& host) {
  // Numbers from the far end: the run's actors count from 1.
  const auto place = [here](std::uint8_t node, std::uint16_t which) -> actor_place {
    return {static_cast<std::uint16_t>(0xffff - 2 * node - which), nullptr, here};
  };
  const auto to = control_route(here, other, true), from = control_route(here, other, false);
  const auto title = [other](const char* direction) {
    return std::string("control link ") + direction + " node " + std::to_string(other);
  };
  port_ = inbox.port_for(other);
  outgoing_link_setup outgoing;
  outgoing.number = to.number();
  outgoing.title = title("to");
  outgoing_ = spawn_outgoing_link(system, place(other, 0), std::move(outgoing));
  incoming_link_setup incoming;
  incoming.number = from.number();
  incoming.title = title("from");
  incoming.target = port_;
  incoming.host = &host;
  incoming.counters = received_ = std::make_shared<link_counters>();
  incoming_ = spawn_incoming_link(system, place(other, 1), std::move(incoming));
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
  const auto place = [&]() -> actor_place { return {++local.numbers_used, plan.trace, plan.node}; };
  const auto routes = routes_of(wiring.here, wiring.node_of);
  const auto add_outgoing = [&](const link_route& route) {
    outgoing_link_setup setup;
    setup.number = route.number();
    setup.title = route.title();
    setup.interface = route.interface();
    setup.owner = owner_of(local, route.from);
    setup.coordinator = local.coordinator ? local.coordinator : out.outside.coordinator;
    setup.options = wiring.options;
    setup.source = device_of(plan, route.from);
    const auto link = spawn_outgoing_link(system, place(), std::move(setup));
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
    setup.interface = route.interface();
    setup.target = local_actor(local, route.to);
    setup.host = wiring.host;
    setup.options = wiring.options;
    setup.counters = counters_of(local, route);
    out.ends.push_back({route, spawn_incoming_link(system, place(), std::move(setup))});
  }
  for (const auto& end : out.ends) {
    local.all.push_back(end.actor);
    caf::anon_send(wiring.peer_of(end.route.other), register_link{end.route.number(), end.actor});
  }
  return out;
}

} // namespace syngrad

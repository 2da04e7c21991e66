#include "actors/distributed/control_ends.hpp"

#include "actors/distributed/stop_actors.hpp"
#include "actors/links/incoming_link.hpp"
#include "actors/links/outgoing_link.hpp"

namespace syngrad {

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

} // namespace syngrad

#include "actors/distributed/control_ends.hpp"

#include "actors/links/link_actors_stub.hpp"

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
  outgoing_ = spawn_outgoing_link(system, place(other, 0), {to.number(), title("to"), {}, {}, {}});
  incoming_ = spawn_incoming_link(system, place(other, 1), {from.number(), title("from"), port_, &host, {}});
  caf::anon_send(peer, register_link{to.number(), outgoing_});
  caf::anon_send(peer, register_link{from.number(), incoming_});
}

void control_ends::close() {
  for (auto* each : {&outgoing_, &incoming_, &port_}) {
    if (*each) caf::anon_send_exit(*each, caf::exit_reason::user_shutdown);
    *each = nullptr;
  }
}

} // namespace syngrad

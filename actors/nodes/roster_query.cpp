#include "actors/nodes/roster_query.hpp"

#include "actors/nodes/connection_probe.hpp"
#include "actors/nodes/node_system.hpp"

#include <set>

namespace syngrad {

namespace {

using entries = std::vector<roster_entry>;

result<caf::actor> connect_to(caf::scoped_actor& self, const node_context& context, const endpoint& where,
                              std::chrono::seconds limit) {
  const auto found = probe_node(where, context.self.credentials.get(), limit);
  if (found.outcome != probe_result::kind::open) return error{found.line};
  result<caf::actor> out = error{"the connection to " + to_text(where) + " was closed; try again"};
  self
    ->request(connector_of(self->system(), context), limit, caf::connect_atom_v, found.address.host, found.address.port)
    .receive(
      [&](caf::node_id&, caf::strong_actor_ptr& gatekeeper, std::set<std::string>&) {
        if (gatekeeper) out = caf::actor_cast<caf::actor>(gatekeeper);
      },
      [](const caf::error&) {});
  return out;
}

result<entries> shake_hands(caf::scoped_actor& self, const local_party& party, const caf::actor& gatekeeper,
                            const endpoint& where, std::chrono::seconds limit) {
  const auto said = make_hello(party, role::observer);
  self->send(gatekeeper, said);
  result<entries> out = error{to_text(where) + " does not answer"};
  bool done = false;
  while (!done)
    self->receive(
      [&](const challenge& asked) {
        const auto fault = fault_of(asked, said, party);
        if (!fault) return self->send(gatekeeper, make_proof(party, said, asked));
        out = error{*fault};
        done = true;
      },
      [&](const refused& answer) {
        out = error{printable(answer.line, 500)};
        done = true;
      },
      [&](roster& answer) {
        out = std::move(answer.nodes);
        done = true;
      },
      [&](const caf::down_msg&) {
        out = error{"the connection to " + to_text(where) + " was lost; try again"};
        done = true;
      },
      caf::after(limit) >> [&] { done = true; });
  return out;
}

} // namespace

result<entries> query_roster(const network_settings& settings, const endpoint& coordinator,
                             std::chrono::seconds limit) {
  auto system = node_system::open(settings, 1, 1, {});
  if (!system) return system.failure();
  caf::scoped_actor self((*system)->get());
  const auto& context = *(*system)->context();
  const auto gatekeeper = connect_to(self, context, coordinator, limit);
  if (!gatekeeper) return gatekeeper.failure();
  self->monitor(*gatekeeper);
  return shake_hands(self, context.self, *gatekeeper, coordinator, limit);
}

} // namespace syngrad

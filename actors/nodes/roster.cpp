#include "actors/nodes/roster.hpp"

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/connection_probe.hpp"
#include "actors/nodes/node_system.hpp"

#include <algorithm>
#include <set>

namespace syngrad {

namespace {

using entries = std::vector<roster_entry>;

std::string no_answer_from(const endpoint& where) {
  return to_text(where) + " does not answer in time: it is busy, stopped, or no coordinator; check HOST:PORT, or wait "
                          "longer with --wait";
}

// At least one: CAF takes none for a wait without end.
std::chrono::milliseconds left_of(const question_limit& limit) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(limit.left()), std::chrono::milliseconds(1));
}

// With an actor of its own: CAF would leave the request's time-out, which comes when it is answered long since, in the
// mailbox of one that goes on, and lose both.
result<caf::actor> connect_to(caf::actor_system& system, const node_context& context, const endpoint& where,
                              const question_limit& limit) {
  name_lookup names;
  const auto found = probe_node({where, "HOST:PORT"}, context.self.credentials.get(), names, limit);
  if (found.outcome != probe_result::kind::open) return error::peer(found.line);
  const resolved_host meaning{{found.address.host}};
  if (auto allowed = check_exposure(context.settings, where, meaning, "connecting to"); !allowed)
    return allowed.failure();
  result<caf::actor> out = error::peer("the connection to " + to_text(where) + " was closed; try again");
  caf::scoped_actor self(system);
  self
    ->request(connector_of(self->system()), left_of(limit), caf::connect_atom_v, found.address.host, found.address.port)
    .receive(
      [&](caf::node_id&, caf::strong_actor_ptr& gatekeeper, std::set<std::string>&) {
        if (gatekeeper) out = caf::actor_cast<caf::actor>(gatekeeper);
      },
      [&](const caf::error& failed) {
        if (failed == caf::sec::request_timeout) out = error::peer(no_answer_from(where));
      });
  return out;
}

result<entries> shake_hands(caf::scoped_actor& self, const local_party& party, const caf::actor& gatekeeper,
                            const endpoint& where, const question_limit& limit) {
  const auto said = make_hello(party, role::observer);
  self->send(gatekeeper, said);
  result<entries> out = error::peer(no_answer_from(where));
  bool done = false;
  while (!done && limit.left().count() > 0)
    self->receive(
      [&](const challenge& asked) {
        const auto fault = fault_of(asked, said, party);
        if (!fault) return self->send(gatekeeper, make_proof(party, said, asked));
        out = error::peer(*fault);
        done = true;
      },
      [&](const refused& answer) {
        out = error::peer(to_text(where) + " says: " + printable(answer.line, 500));
        done = true;
      },
      [&](roster& answer) {
        out = std::move(answer.nodes);
        done = true;
      },
      [&](const caf::down_msg&) {
        out = error::peer("the connection to " + to_text(where) + " was lost; try again");
        done = true;
      },
      caf::after(left_of(limit)) >> [&] { done = true; });
  return out;
}

} // namespace

result<entries> query_roster(const network_settings& settings, const endpoint& coordinator,
                             std::chrono::seconds within) {
  const question_limit limit(within); // of all steps together
  auto system = node_system::open(settings, 1, 1, {});
  if (!system) return system.failure();
  const auto& context = *(*system)->context();
  const auto gatekeeper = connect_to((*system)->get(), context, coordinator, limit);
  if (!gatekeeper) return gatekeeper.failure();
  caf::scoped_actor self((*system)->get());
  self->monitor(*gatekeeper);
  return shake_hands(self, context.self, *gatekeeper, coordinator, limit);
}

} // namespace syngrad

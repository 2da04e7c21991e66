#include "tests/actors/breakable_link.hpp"

#include "actors/links/link_messages.hpp"

#include <memory>
#include <utility>

namespace syngrad::test {

namespace {

struct link {
  caf::actor target;
  std::vector<caf::actor> owners;
  std::vector<caf::message> kept;
  bool away = false;
};

} // namespace

caf::actor spawn_breakable_link(caf::actor_system& system, const caf::actor& target, std::vector<caf::actor> owners) {
  const auto body = [](caf::event_based_actor* self, const caf::actor& to,
                       const std::vector<caf::actor>& of) -> caf::behavior {
    const auto state = std::make_shared<link>(link{to, of, {}, false});
    self->set_default_handler([state](caf::scheduled_actor*, caf::message_view& view) -> caf::result<caf::message> {
      auto message = view.move_content_to_message();
      if (state->away)
        state->kept.push_back(std::move(message));
      else
        caf::anon_send(state->target, std::move(message));
      return caf::message{};
    });
    return {
      [self, state](link_down&) {
        if (std::exchange(state->away, true)) return;
        for (const auto& each : state->owners) self->send(each, neighbour_away{{}});
      },
      [self, state](link_up&) {
        if (!std::exchange(state->away, false)) return;
        for (const auto& each : state->owners) self->send(each, neighbour_back{{}});
        for (auto& each : std::exchange(state->kept, {})) caf::anon_send(state->target, std::move(each));
      },
    };
  };
  return system.spawn(body, target, std::move(owners));
}

} // namespace syngrad::test

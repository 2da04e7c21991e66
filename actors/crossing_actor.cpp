#include "actors/crossing_actor.hpp"

namespace syngrad {

crossing_actor::crossing_actor(caf::actor_config& config, actor_place place, std::string title, actor_role role,
                               int index, stream& copies)
  : observed_actor(config, place, std::move(title), role, index), copies_(copies) {}

void crossing_actor::handle_departure(departure& ready) {
  copies_.raise_failure();
  std::visit(
    [&](auto& message) {
      message.context.sent_ns = steady_now_ns();
      send(ready.to, std::move(message));
    },
    ready.content);
}

} // namespace syngrad

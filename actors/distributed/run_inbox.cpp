#include "actors/distributed/run_inbox.hpp"

namespace syngrad {

std::optional<std::uint8_t> dismissed_node(const run_event& event) {
  if (const auto* drained = std::get_if<node_drained>(&event)) return drained->node;
  if (const auto* down = std::get_if<peer_down>(&event)) return down->node;
  if (const auto* dead = std::get_if<peer_dead>(&event)) return dead->node;
  return std::nullopt;
}

caf::actor run_inbox::port_for(std::uint8_t node) {
  const auto port = [node](caf::event_based_actor*, const caf::actor& to) -> caf::behavior {
    return {[to, node](const control_message& message) {
              caf::anon_send(to, node_said{node, message});
            },
            [to, node](const link_drained&) { caf::anon_send(to, node_drained{node}); }};
  };
  return self_->home_system().spawn(port, address());
}

run_event run_inbox::next(std::chrono::milliseconds patience) {
  run_event out;
  const auto until = std::chrono::steady_clock::now() + patience;
  bool happened = false;
  const auto take = [&](const auto& each) {
    out = each;
    happened = true;
  };
  // A question that is answered, or something for nobody, is no reason to return early.
  while (!happened) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() < 0) break;
    self_->receive([&](const node_said& each) { take(each); }, [&](const peer_waiting& each) { take(each); },
                   [&](const peer_up& each) { take(each); }, [&](const peer_down& each) { take(each); },
                   [&](const peer_dead& each) { take(each); }, [&](const peer_rate& each) { take(each); },
                   [&](const interrupt_run& each) { take(each); }, [&](const node_drained& each) { take(each); },
                   [&](const starter_gone& each) { take(each); }, [&](const keep_weights& each) { take(each); },
                   [&](const weights_wanted& each) { take(each); },
                   [&](const caf::down_msg& down) {
                     const bool in_order = !down.reason || down.reason == caf::exit_reason::user_shutdown;
                     take(actor_ended{down.source, in_order ? "" : caf::to_string(down.reason)});
                   },
                   [&](const join_request& asked) -> admission {
                     return on_join ? on_join(asked) : admission{nullptr, "nobody is expected here now", false};
                   },
                   [&](const roster_request&) -> roster { return on_roster ? on_roster() : roster{}; },
                   caf::others >> [](caf::message_view&) -> caf::result<caf::message> { return caf::message{}; },
                   caf::after(left) >> [] {});
  }
  return out;
}

} // namespace syngrad

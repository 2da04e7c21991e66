#include "tests/actors/nodes/test_node.hpp"

#include "actors/nodes/peer_messages.hpp"

#include <algorithm>
#include <stdexcept>

namespace syngrad::test {

namespace {

using kind = peer_event::kind;

class admitting_owner : public caf::event_based_actor {
public:
  admitting_owner(caf::actor_config& config, std::shared_ptr<const node_context> context,
                  std::shared_ptr<peer_events> events)
    : caf::event_based_actor(config), context_(std::move(context)), events_(std::move(events)) {}

  caf::behavior make_behavior() override {
    return {[this](const join_request& who) {
              const auto node = ++joined_;
              const auto peer = spawn_accepting_peer(system(), {context_, this, 0, node, who.identity});
              events_->add({kind::joined, node, 0, {}, 0, who.identity, peer});
              return admission{peer, {}, false};
            },
            [](roster_request) {
              return roster{{{1, "b", "127.0.0.1", 7001, "1.2.3", "up", "cpu", "0-2", 1000, 50000, 20}}};
            },
            [this](const peer_waiting& said) {
              events_->add({kind::waiting, said.node, 0, said.why, 0, {}, {}});
            },
            [this](const peer_up& said) {
              events_->add({kind::up, said.node, said.session, {}, 0, said.identity, {}});
            },
            [this](const peer_down& said) {
              events_->add({kind::down, said.node, 0, said.why, said.last_heard_s, {}, {}});
            },
            [this](const peer_dead& said) {
              events_->add({kind::dead, said.node, 0, said.why, said.last_heard_s, {}, {}});
            },
            [this](const peer_rate& said) {
              events_->add({kind::rate, said.node, 0, {}, said.bytes_per_second, {}, {}});
            }};
  }

private:
  std::shared_ptr<const node_context> context_;
  std::shared_ptr<peer_events> events_;
  std::uint8_t joined_ = 0;
};

} // namespace

void peer_events::add(peer_event event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  added_.notify_all();
}

std::optional<peer_event> peer_events::next(kind wanted, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  std::optional<peer_event> found;
  added_.wait_for(lock, limit, [&] {
    while (seen_ < events_.size() && !found)
      if (const auto& event = events_[seen_++]; event.what == wanted) found = event;
    return found.has_value();
  });
  return found;
}

std::size_t peer_events::count(kind wanted) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
    std::count_if(events_.begin(), events_.end(), [&](const auto& event) { return event.what == wanted; }));
}

test_node::test_node(network_settings settings) {
  auto opened = node_system::open(std::move(settings), 2, 1, {});
  if (!opened) throw std::runtime_error(opened.message());
  system_ = std::move(*opened);
  owner_ = system_->get().spawn<admitting_owner>(system_->context(), events_);
  caf::anon_send(system_->gatekeeper(), set_owner{owner_});
}

test_node::~test_node() {
  caf::anon_send_exit(owner_, caf::exit_reason::user_shutdown); // its peers notice
}

caf::actor test_node::join(const endpoint& where, process_identity expected, trace_recorder* recorder,
                           std::shared_ptr<peer_gauges> gauges) {
  expected.address = where;
  return spawn_initiating_peer(
    system_->get(), {system_->context(), owner_, 1, 0, std::move(expected), recorder, std::move(gauges)}, role::node);
}

caf::actor test_node::reach(const endpoint& where) {
  process_identity expected;
  expected.address = where;
  constexpr double for_s = 60;
  return spawn_initiating_peer(system_->get(), {system_->context(), owner_, 1, 2, std::move(expected)}, role::peer,
                               for_s);
}

network_settings loopback_settings(const std::string& name, double peer_timeout_s, double reconnect_for_s) {
  network_settings out;
  out.name = name;
  out.version = "1.2.3";
  out.listen = endpoint{"127.0.0.1", 0};
  out.peer_timeout_s = peer_timeout_s;
  out.reconnect_for_s = reconnect_for_s;
  return out;
}

} // namespace syngrad::test

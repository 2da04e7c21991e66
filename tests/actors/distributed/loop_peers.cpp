#include "tests/actors/distributed/loop_peers.hpp"

#include "actors/links/link_messages.hpp"

namespace syngrad::test {

namespace {

struct other_half { // who it is, once
  caf::actor peer;
};
struct offered_end {
  std::uint32_t number = 0;
  caf::actor link;
};
struct end_all {
  std::string why;
};
struct cut_all {};
struct mend_all {};

} // namespace

} // namespace syngrad::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::test::other_half)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::test::offered_end)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::test::end_all)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::test::cut_all)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::test::mend_all)

namespace syngrad::test {

namespace {

struct loop_peer_state {
  caf::actor other;
  std::map<std::uint32_t, caf::actor> here, there;
  std::uint64_t session = 1;
  bool away = false;
};

caf::behavior loop_peer(caf::stateful_actor<loop_peer_state>* self, caf::actor owner, std::uint8_t node) {
  auto& state = self->state;
  const auto join = [self](std::uint32_t number) {
    auto& own = self->state;
    if (!own.away && own.here.contains(number) && own.there.contains(number))
      self->send(own.here[number], link_up{own.there[number], own.session});
  };
  return {[&state](const other_half& half) { state.other = half.peer; },
          [self, &state, join](const register_link& end) {
            state.here[end.number] = end.link;
            self->send(state.other, offered_end{end.number, end.link});
            join(end.number);
          },
          [&state, join](const offered_end& end) {
            state.there[end.number] = end.link;
            join(end.number);
          },
          [self, &state, owner, node](const end_all& end) {
            for (const auto& [number, link] : state.here) self->send(link, link_dead{end.why});
            self->send(owner, peer_dead{node, end.why, 0.5});
          },
          [self, &state](const leave_peer&) { self->send(state.other, end_all{"the other side has left"}); },
          [self, &state, owner, node](const cut_all&) {
            state.away = true;
            for (const auto& [number, link] : state.here) self->send(link, link_down{"the test cut it"});
            self->send(owner, peer_down{node, "the test cut it", 0});
          },
          [self, &state, owner, node, join](const mend_all&) {
            state.away = false;
            ++state.session;
            for (const auto& [number, link] : state.here) join(number);
            self->send(owner, peer_up{node, state.session, {}});
          },
          [&state, node](const describe_request& asked) {
            asked.answer->set_value("peer " + std::to_string(node) + (state.away ? ": away" : ": connected"));
          }};
}

} // namespace

loop_peers::~loop_peers() {
  for (const auto& [key, peer] : peers_) caf::anon_send_exit(peer, caf::exit_reason::user_shutdown);
}

void loop_peers::seat(std::uint8_t node, caf::actor owner) {
  const std::lock_guard lock(mutex_);
  owners_[node] = std::move(owner);
}

caf::actor loop_peers::peer(std::uint8_t here, std::uint8_t other) {
  const std::lock_guard lock(mutex_);
  if (!peers_.contains({here, other})) {
    const auto a = make(here, other), b = make(other, here);
    caf::anon_send(a, other_half{b});
    caf::anon_send(b, other_half{a});
    caf::anon_send(owners_[here], peer_up{other, 1, {}});
    caf::anon_send(owners_[other], peer_up{here, 1, {}});
  }
  return peers_[{here, other}];
}

caf::actor loop_peers::make(std::uint8_t here, std::uint8_t other) {
  return peers_[{here, other}] = system_.spawn(loop_peer, owners_[here], other);
}

void loop_peers::hang_up(std::uint8_t node) {
  const std::lock_guard lock(mutex_);
  caf::anon_send(owners_[0], peer_down{node, "it has left", 0});
}

void loop_peers::cut(std::uint8_t a, std::uint8_t b) {
  const std::lock_guard lock(mutex_);
  for (const auto& pair : {std::pair(a, b), std::pair(b, a)}) caf::anon_send(peers_[pair], cut_all{});
}

void loop_peers::mend(std::uint8_t a, std::uint8_t b) {
  const std::lock_guard lock(mutex_);
  for (const auto& pair : {std::pair(a, b), std::pair(b, a)}) caf::anon_send(peers_[pair], mend_all{});
}

void loop_peers::kill(std::uint8_t node) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, peer] : peers_)
    if (key.second == node) caf::anon_send(peer, end_all{"killed by the test"});
}

} // namespace syngrad::test

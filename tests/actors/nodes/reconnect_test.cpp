// What two peers make of a network that fails: a relay stands between them.
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tcp_relay.hpp"

#include "actors/links/link_messages.hpp"
#include "actors/nodes/peer_messages.hpp"

using namespace syngrad;
using namespace syngrad::test;
using namespace std::chrono_literals;

namespace {

using kind = peer_event::kind;

// A coordinator "a" and a node "b" that reaches it through a relay; a link end registered on each side.
struct relayed_pair {
  explicit relayed_pair(double peer_timeout_s = 10, double reconnect_for_s = 60)
    : coordinator(loopback_settings("a", peer_timeout_s, reconnect_for_s)),
      node(loopback_settings("b", peer_timeout_s, reconnect_for_s)),
      relay(std::move(*tcp_relay::start(0, "127.0.0.1", coordinator.address().port))),
      far_end(coordinator.system().get()), near_end(node.system().get()) {
    const auto peer = node.join({"127.0.0.1", relay->port()});
    const auto joined = coordinator.events().next(kind::joined);
    REQUIRE(joined);
    caf::anon_send(joined->peer, register_link{3, caf::actor_cast<caf::actor>(far_end)});
    caf::anon_send(peer, register_link{3, caf::actor_cast<caf::actor>(near_end)});
  }

  void await_up(std::uint64_t session) {
    const auto here = coordinator.events().next(kind::up);
    const auto there = node.events().next(kind::up);
    REQUIRE(here);
    REQUIRE(there);
    CHECK(here->session == session);
    CHECK(there->session == session);
  }

  test_node coordinator, node;
  std::unique_ptr<tcp_relay> relay;
  caf::scoped_actor far_end, near_end;
};

link_up await_link_up(caf::scoped_actor& link) {
  link_up got;
  bool done = false;
  while (!done)
    link->receive(
      [&](const link_up& up) {
        got = up;
        done = true;
      },
      [](const link_down&) {}, caf::after(30s) >> [&] { done = true; });
  return got;
}

} // namespace

TEST_CASE("a connection that is reset comes back as the next session, thirty times, and links with it") {
  constexpr std::uint64_t resets = 30;
  relayed_pair pair;
  for (std::uint64_t session = 1; session <= resets; ++session) {
    pair.await_up(session);
    const auto far = await_link_up(pair.far_end), near = await_link_up(pair.near_end);
    REQUIRE(far.session == session);
    REQUIRE(near.session == session);
    caf::anon_send(near.remote, "up " + std::to_string(session));
    caf::anon_send(far.remote, "down " + std::to_string(session));
    std::string up, down;
    pair.far_end->receive([&](const std::string& text) { up = text; }, caf::after(30s) >> [] {});
    pair.near_end->receive([&](const std::string& text) { down = text; }, caf::after(30s) >> [] {});
    CHECK(up == "up " + std::to_string(session));
    CHECK(down == "down " + std::to_string(session));
    pair.relay->reset();
  }
  pair.await_up(resets + 1);
  CHECK(pair.node.events().count(kind::dead) == 0);
  CHECK(pair.coordinator.events().count(kind::dead) == 0);
  CHECK(pair.node.events().count(kind::down) == resets);
  CHECK(pair.coordinator.events().count(kind::down) == resets);
}

TEST_CASE("silence is a lost connection within the time-out, and both sides find each other again") {
  relayed_pair pair(2, 60);
  pair.await_up(1);
  const auto began = std::chrono::steady_clock::now();
  pair.relay->cut(4s);
  const auto here = pair.coordinator.events().next(kind::down);
  const auto there = pair.node.events().next(kind::down);
  REQUIRE(here);
  REQUIRE(there);
  CHECK(std::chrono::steady_clock::now() - began < 3500ms); // the time-out is 2 s; the rest is for a busy machine
  CHECK(std::chrono::steady_clock::now() - began > 1000ms);
  CHECK(here->number > 1);
  pair.await_up(2);
  CHECK(pair.node.events().count(kind::dead) == 0);
}

TEST_CASE("a cut that is shorter than the time-out is no loss") {
  relayed_pair pair(4, 60);
  pair.await_up(1);
  pair.relay->cut(500ms);
  const auto link = await_link_up(pair.near_end);
  caf::anon_send(link.remote, std::string("after the cut"));
  std::string came;
  bool lost = false;
  pair.far_end->receive([](const link_up&) {}, caf::after(30s) >> [] {});
  pair.far_end->receive([&](const std::string& text) { came = text; }, [&](const link_down&) { lost = true; },
                        caf::after(30s) >> [] {});
  CHECK(came == "after the cut");
  CHECK_FALSE(lost);
  CHECK(pair.node.events().count(kind::down) == 0);
}

TEST_CASE("a peer that stays away for as long as --reconnect-for is dead, on both sides") {
  relayed_pair pair(10, 1.5);
  pair.await_up(1);
  pair.relay->refuse(true);
  const auto began = std::chrono::steady_clock::now();
  pair.relay->reset();
  const auto here = pair.coordinator.events().next(kind::dead);
  const auto there = pair.node.events().next(kind::dead);
  REQUIRE(here);
  REQUIRE(there);
  CHECK(std::chrono::steady_clock::now() - began >= 1500ms);
  CHECK(std::chrono::steady_clock::now() - began < 10s);
  CHECK(here->number >= 1.5);
  CHECK(here->why.find("waits for 'b'") != std::string::npos);
}

TEST_CASE("a delay of 100 ms each way does not keep peers from each other") {
  relayed_pair pair(10, 60);
  pair.await_up(1);
  pair.relay->delay(100ms);
  pair.relay->reset();
  pair.await_up(2);
  CHECK(pair.node.events().count(kind::dead) == 0);
}

TEST_CASE("a coordinator that was started again at its old port is another process: the old one is dead") {
  auto first = std::make_unique<test_node>(loopback_settings("a"));
  auto relay = std::move(*tcp_relay::start(0, "127.0.0.1", first->address().port));
  test_node node(loopback_settings("b"));
  node.join({"127.0.0.1", relay->port()});
  REQUIRE(node.events().next(kind::up));
  relay->refuse(true); // so that the node sees the port only when the second one is there
  auto settings = loopback_settings("a");
  settings.listen = first->address();
  first.reset();
  test_node second(settings);
  relay->refuse(false);
  const auto dead = node.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(dead->why == "at 127.0.0.1:" + std::to_string(relay->port()) + " is another process now: it was started again");
  CHECK(second.events().count(kind::joined) == 0);
}

TEST_CASE("a node that was started again under its name ends the peer of the old one") {
  test_node coordinator(loopback_settings("a"));
  auto relay = std::move(*tcp_relay::start(0, "127.0.0.1", coordinator.address().port));
  test_node first(loopback_settings("b"));
  first.join({"127.0.0.1", relay->port()});
  REQUIRE(coordinator.events().next(kind::up));
  relay->refuse(true); // the first one lives, and stays away
  relay->reset();
  REQUIRE(coordinator.events().next(kind::down));
  test_node second(loopback_settings("b"));
  second.join(coordinator.address());
  const auto dead = coordinator.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(dead->why == "another process of this name has taken its seat");
  const auto up = coordinator.events().next(kind::up);
  REQUIRE(up);
  CHECK(up->node == 2);
  CHECK(up->identity.instance == second.system().identity().instance);
}

TEST_CASE("a node that was started again when the run had begun is told that it belongs to no run, and ends") {
  test_node coordinator(loopback_settings("a"));
  auto relay = std::move(*tcp_relay::start(0, "127.0.0.1", coordinator.address().port));
  test_node first(loopback_settings("b"));
  first.join({"127.0.0.1", relay->port()});
  const auto joined = coordinator.events().next(kind::joined);
  REQUIRE(joined);
  REQUIRE(coordinator.events().next(kind::up));
  caf::anon_send(joined->peer, keep_seat{});
  test_node meanwhile(loopback_settings("b")); // while the first one is there
  meanwhile.join(coordinator.address());
  const auto refused = meanwhile.events().next(kind::dead);
  REQUIRE(refused);
  CHECK(refused->why == to_text(coordinator.address()) +
                          " says: the run has begun with a process 'b', and takes no other: start this one again for "
                          "the next run, under another --name if both are to take part");
  relay->refuse(true);
  relay->reset();
  REQUIRE(coordinator.events().next(kind::down));
  test_node again(loopback_settings("b"));
  again.join(coordinator.address());
  const auto told = again.events().next(kind::dead);
  REQUIRE(told);
  CHECK(told->why == to_text(coordinator.address()) +
                       " says: the run has lost the process 'b' that it began with, and what its groups had learnt; "
                       "nobody takes its seat: start this one again for the next run");
  const auto dead = coordinator.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(dead->why == "another process of this name has taken its seat");
  CHECK(coordinator.events().count(kind::joined) == 1);
}

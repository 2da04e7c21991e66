// Two processes' worth of actors in one, over loopback: joining, links, refusals, clocks.
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"

#include "actors/links/link_messages.hpp"
#include "actors/nodes/peer_messages.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

using kind = peer_event::kind;

// Takes what a link is told, and passes on what arrives from the other end.
struct recording_link {
  explicit recording_link(caf::actor_system& system) : self(system) {}

  link_up await_up() {
    link_up got;
    self->receive([&](const link_up& up) { got = up; }, caf::after(std::chrono::seconds(30)) >> [] {});
    return got;
  }
  std::string await_text() {
    std::string got;
    self->receive([&](const std::string& text) { got = text; }, caf::after(std::chrono::seconds(30)) >> [] {});
    return got;
  }

  caf::scoped_actor self;
};

} // namespace

TEST_CASE("a node that joins and its coordinator are up with each other under the same session number") {
  test_node coordinator(loopback_settings("a"));
  test_node node(loopback_settings("b"));
  node.join(coordinator.address());
  const auto here = coordinator.events().next(kind::up);
  const auto there = node.events().next(kind::up);
  REQUIRE(here);
  REQUIRE(there);
  CHECK(here->session == 1);
  CHECK(there->session == 1);
  CHECK(here->identity.name == "b");
  CHECK(here->identity.version == "1.2.3");
  CHECK(here->identity.address == node.address());
  CHECK(there->identity.name == "a");
  CHECK(there->identity.instance == coordinator.system().identity().instance);
}

TEST_CASE("the start order does not matter: a node waits for its coordinator and says why") {
  endpoint where;
  { where = test_node(loopback_settings("a")).address(); } // a port that was free a moment ago
  test_node node(loopback_settings("b"));
  node.join(where);
  const auto waiting = node.events().next(kind::waiting);
  REQUIRE(waiting);
  CHECK(waiting->why ==
        "nobody listens at " + to_text(where) + " (connection refused): start the process there, or mend --join");
  auto settings = loopback_settings("a");
  settings.listen = where;
  test_node coordinator(settings);
  const auto up = node.events().next(kind::up);
  REQUIRE(up);
  CHECK(up->identity.name == "a");
}

TEST_CASE("a process that is not reached where it said is dead after six attempts, and each line says --advertise") {
  endpoint where;
  { where = test_node(loopback_settings("a")).address(); } // a port that was free a moment ago
  test_node node(loopback_settings("b"));
  const auto began = std::chrono::steady_clock::now();
  node.reach(where);
  const auto waiting = node.events().next(kind::waiting);
  REQUIRE(waiting);
  CHECK(waiting->why == "nobody listens at " + to_text(where) +
                          " (connection refused): start the process there, or mend the address that it gave; if others "
                          "reach it at another address, start it with --advertise HOST:PORT");
  const auto dead = node.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(dead->why == waiting->why);
  CHECK(std::chrono::steady_clock::now() - began > std::chrono::seconds(1)); // it was given time
  CHECK(node.events().count(kind::waiting) == 1);
}

TEST_CASE("links that both sides register are joined, whoever registers first, and hear of the session first") {
  test_node coordinator(loopback_settings("a"));
  test_node node(loopback_settings("b"));
  const auto there = node.join(coordinator.address());
  const auto joined = coordinator.events().next(kind::joined);
  REQUIRE(joined);
  constexpr std::uint32_t links = 40;
  std::vector<std::unique_ptr<recording_link>> ours, theirs;
  for (std::uint32_t number = 0; number < links; ++number) {
    ours.push_back(std::make_unique<recording_link>(coordinator.system().get()));
    theirs.push_back(std::make_unique<recording_link>(node.system().get()));
    caf::anon_send(joined->peer, register_link{number, caf::actor_cast<caf::actor>(ours.back()->self)});
    caf::anon_send(there, register_link{links - 1 - number, caf::actor_cast<caf::actor>(theirs.back()->self)});
  }
  for (std::uint32_t number = 0; number < links; ++number) {
    const auto up = ours[number]->await_up();
    REQUIRE(up.remote);
    CHECK(up.session == 1);
    // Sent at once: the other end may not have heard of the session when this arrives at its process.
    caf::anon_send(up.remote, "link " + std::to_string(number));
  }
  for (std::uint32_t number = 0; number < links; ++number) {
    auto& end = *theirs[links - 1 - number];
    std::vector<std::string> order;
    for (int i = 0; i < 2; ++i)
      end.self->receive([&](const link_up&) { order.push_back("up"); },
                        [&](const std::string& text) { order.push_back(text); },
                        caf::after(std::chrono::seconds(30)) >> [] {});
    CHECK(order == std::vector<std::string>{"up", "link " + std::to_string(number)});
  }
}

TEST_CASE("a peer that leaves takes its links down, and the other side notices within two seconds that it is dead") {
  test_node coordinator(loopback_settings("a"));
  auto node = std::make_unique<test_node>(loopback_settings("b"));
  node->join(coordinator.address());
  const auto joined = coordinator.events().next(kind::joined);
  REQUIRE(joined);
  recording_link link(coordinator.system().get());
  caf::anon_send(joined->peer, register_link{7, caf::actor_cast<caf::actor>(link.self)});
  REQUIRE(coordinator.events().next(kind::up));
  node.reset(); // the port is gone, too
  const auto began = std::chrono::steady_clock::now();
  const auto dead = coordinator.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
  CHECK(dead->why.find("connection refused") != std::string::npos);
  CHECK(dead->number < 5);
  std::string told;
  link.self->receive([&](const link_dead& said) { told = said.why; }, caf::after(std::chrono::seconds(30)) >> [] {});
  CHECK(told == dead->why);
}

TEST_CASE("a second node of the same name is told to take another one, and the first one stays") {
  test_node coordinator(loopback_settings("a"));
  test_node first(loopback_settings("b"));
  first.join(coordinator.address());
  REQUIRE(coordinator.events().next(kind::up));
  test_node second(loopback_settings("b"));
  second.join(coordinator.address());
  const auto waiting = second.events().next(kind::waiting);
  REQUIRE(waiting);
  CHECK(waiting->why == to_text(coordinator.address()) +
                          " says: a node of the name 'b' is already with 'a'; give this one another --name");
  CHECK(coordinator.events().count(kind::down) == 0);
  CHECK(coordinator.events().count(kind::joined) == 1);
}

TEST_CASE("who expects another name or another instance is not connected") {
  test_node coordinator(loopback_settings("a"));
  test_node node(loopback_settings("b"));
  const auto title = to_text(coordinator.address());
  SECTION("name") {
    process_identity expected;
    expected.name = "c";
    node.join(coordinator.address(), expected);
    const auto dead = node.events().next(kind::dead);
    REQUIRE(dead);
    CHECK(dead->why == "at " + title + " is 'a', not 'c'; check --join");
  }
  SECTION("instance") {
    process_identity expected;
    expected.instance = 12;
    node.join(coordinator.address(), expected);
    const auto dead = node.events().next(kind::dead);
    REQUIRE(dead);
    CHECK(dead->why == "at " + title + " is another process now: it was started again");
  }
  CHECK(coordinator.events().count(kind::joined) == 0);
}

TEST_CASE("the speed of a connection and its round trip are measured, and can be read at any time") {
  auto coordinator = std::make_unique<test_node>(loopback_settings("a", 1));
  test_node node(loopback_settings("b", 1));
  const auto gauges = std::make_shared<peer_gauges>();
  const auto peer = node.join(coordinator->address(), {}, nullptr, gauges);
  REQUIRE(node.events().next(kind::up));
  caf::anon_send(peer, measure_rate{8 << 20}); // a ping goes ahead of every burst
  const auto rate = node.events().next(kind::rate);
  REQUIRE(rate);
  CHECK(rate->number > 1e6);
  CHECK(rate->number < 1e11);
  CHECK(gauges->stands == peer_gauges::standing::up);
  CHECK(gauges->round_trip_ns > 0);
  CHECK(gauges->round_trip_ns < 1'000'000'000);
  CHECK(gauges->last_heard_ns > 0);
  CHECK(gauges->bytes_per_second == Approx(rate->number));
  coordinator.reset();
  REQUIRE(node.events().next(kind::dead));
  CHECK(gauges->stands == peer_gauges::standing::dead);
}

TEST_CASE("another version of the program is refused in a line that names the port and both sides") {
  auto newer = loopback_settings("b");
  newer.version = "1.3.0";
  test_node coordinator(loopback_settings("a"));
  test_node node(newer);
  node.join(coordinator.address());
  const auto dead = node.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(dead->why ==
        to_text(coordinator.address()) +
          " says: 'b' runs syngrad 1.3.0 (protocol 7) and 'a' runs syngrad 1.2.3 (protocol 7): install the "
          "same version on both");
  CHECK(coordinator.events().count(kind::joined) == 0);
}

TEST_CASE("a process that joins itself is told so, and which options to mend") {
  test_node node(loopback_settings("a"));
  node.join(node.address());
  const auto dead = node.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(dead->why == to_text(node.address()) + " says: 'a' is connected to itself; give the other process's address "
                                               "(--join, or --advertise there)");
}

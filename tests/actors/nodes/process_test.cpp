// What becomes of peers when processes are killed and stopped.
#include "tests/actors/nodes/child_process.hpp"
#include "tests/actors/nodes/test_cluster.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"

#include <csignal>

using namespace syngrad;
using namespace syngrad::test;
using namespace std::chrono_literals;

namespace {

using kind = peer_event::kind;

std::vector<std::string> child_words(const std::string& name, const endpoint& where, const char* peer_timeout,
                                     const tls_files& tls = {}) {
  std::vector<std::string> words{SYNGRAD_BINARY_DIR "/bin/node_child", name, to_text(where), peer_timeout};
  if (tls.complete())
    for (const auto& path : {tls.certificate, tls.key, tls.ca}) words.push_back(path);
  return words;
}

} // namespace

TEST_CASE("a killed process is dead within two seconds, with TLS and without") {
  const test_cluster cluster;
  for (const auto tls : {false, true}) {
    INFO((tls ? "with TLS" : "without TLS"));
    auto settings = loopback_settings("a");
    if (tls) settings.tls = cluster.files_of("a");
    test_node coordinator(settings);
    const child_process child(child_words("b", coordinator.address(), "10", tls ? cluster.files_of("b") : tls_files{}));
    REQUIRE(child.read_line() == "up");
    REQUIRE(coordinator.events().next(kind::up));
    const auto began = std::chrono::steady_clock::now();
    child.signal(SIGKILL);
    const auto dead = coordinator.events().next(kind::dead);
    REQUIRE(dead);
    CHECK(seconds_since(began) < 2);
    CHECK(dead->why.find("connection refused") != std::string::npos);
    CHECK(dead->number >= 0);
    CHECK(dead->number < 4);
  }
}

TEST_CASE("a process that is stopped is away within the time-out, is not dead, and comes back as the same one") {
  test_node coordinator(loopback_settings("a", 2));
  child_process child(child_words("b", coordinator.address(), "2"));
  REQUIRE(child.read_line() == "up");
  const auto first = coordinator.events().next(kind::up);
  REQUIRE(first);
  const auto began = std::chrono::steady_clock::now();
  child.signal(SIGSTOP);
  const auto down = coordinator.events().next(kind::down);
  REQUIRE(down);
  CHECK(seconds_since(began) > 0.9);
  CHECK(seconds_since(began) < 3.5); // the time-out is 2 s; the rest is for a busy machine
  CHECK(down->number > 0.9);
  // Looked at twice a second: its port takes connections, so it lives.
  const auto waiting = coordinator.events().next(kind::waiting);
  REQUIRE(waiting);
  CHECK(waiting->why.starts_with("waits for 'b' (127.0.0.1:"));
  child.signal(SIGCONT);
  const auto second = coordinator.events().next(kind::up);
  REQUIRE(second);
  CHECK(second->identity.instance == first->identity.instance);
  CHECK(second->session == 2);
  CHECK(second->node == first->node);
  CHECK(coordinator.events().count(kind::dead) == 0);
  CHECK(coordinator.events().count(kind::joined) == 1);
  CHECK(child.end() == 0);
}

TEST_CASE("a stop that is shorter than half the time-out is not noticed") {
  test_node coordinator(loopback_settings("a", 8));
  child_process child(child_words("b", coordinator.address(), "8"));
  REQUIRE(child.read_line() == "up");
  REQUIRE(coordinator.events().next(kind::up));
  child.signal(SIGSTOP);
  CHECK_FALSE(coordinator.events().next(kind::down, 3s));
  child.signal(SIGCONT);
  CHECK_FALSE(coordinator.events().next(kind::down, 2s));
  CHECK(child.end() == 0);
}

TEST_CASE("a stopped process that is killed is dead without waiting for the end of --reconnect-for") {
  test_node coordinator(loopback_settings("a", 1, 600));
  const child_process child(child_words("b", coordinator.address(), "1"));
  REQUIRE(child.read_line() == "up");
  child.signal(SIGSTOP);
  REQUIRE(coordinator.events().next(kind::down));
  const auto began = std::chrono::steady_clock::now();
  child.signal(SIGKILL);
  const auto dead = coordinator.events().next(kind::dead);
  REQUIRE(dead);
  CHECK(seconds_since(began) < 4);
}

TEST_CASE("a node notices that its coordinator was killed: twenty times, each time within two seconds") {
  // Here the child is the coordinator's stand-in: it takes in who joins.
  for (int round = 0; round < 20; ++round) {
    const child_process child({SYNGRAD_BINARY_DIR "/bin/node_child", "a"});
    const auto where = parse_endpoint(child.read_line());
    REQUIRE(where);
    test_node node(loopback_settings("b"));
    node.join(*where);
    REQUIRE(node.events().next(kind::up));
    const auto began = std::chrono::steady_clock::now();
    child.signal(SIGKILL);
    const auto dead = node.events().next(kind::dead);
    REQUIRE(dead);
    CHECK(seconds_since(began) < 2);
    CHECK(dead->why == "nobody listens at " + to_text(*where) + " (connection refused)");
  }
}

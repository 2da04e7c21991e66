// What strangers may have of a process: a connection for a while, and nothing of the connections that work.
#include "tests/actors/nodes/stranger.hpp"
#include "tests/actors/nodes/test_cluster.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/connection_probe.hpp"
#include "actors/nodes/node_stream.hpp"

#include <arpa/inet.h>
#include <filesystem>
#include <functional>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace syngrad;
using namespace syngrad::test;
using namespace std::chrono_literals;

namespace {

using kind = peer_event::kind;

// The beginning of what a client sends first.
std::string half_a_handshake(bool tls) {
  if (tls) return std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(40, 'r');
  std::string header(32, '\0');
  header[0] = 1; // a client's handshake, with a payload of 100 bytes
  header[7] = 100;
  const auto record = header_of_record(0, header.data(), header.size());
  return std::string(record.data(), record.size()) + header;
}

struct pair_of_nodes {
  explicit pair_of_nodes(bool tls, double peer_timeout_s = 10)
    : coordinator(settings_of("a", tls, peer_timeout_s)), node(settings_of("b", tls, peer_timeout_s)) {
    node.join(coordinator.address());
    REQUIRE(coordinator.events().next(kind::up));
    REQUIRE(node.events().next(kind::up));
  }
  network_settings settings_of(const std::string& name, bool tls, double peer_timeout_s) const {
    auto out = loopback_settings(name, peer_timeout_s);
    if (tls) out.tls = cluster.files_of(name);
    return out;
  }
  bool another_joins(bool tls) {
    test_node third(settings_of("c", tls, 10));
    third.join(coordinator.address());
    return third.events().next(kind::up).has_value();
  }
  std::size_t losses() { return node.events().count(kind::down); } // the coordinator also sees who leaves

  test_cluster cluster;
  test_node coordinator, node;
};

} // namespace

TEST_CASE("connections that fail or close in any way cost the ones that work nothing, with TLS and without") {
  const test_cluster others;
  const auto foreign = *tls_credentials::load(others.files_of("b"));
  for (const auto tls : {false, true}) {
    INFO((tls ? "with TLS" : "without TLS"));
    pair_of_nodes pair(tls);
    const auto where = pair.coordinator.address();
    name_lookup names;
    const auto own = tls ? *tls_credentials::load(pair.cluster.files_of("d")) : nullptr;
    for (int i = 0; i < 100; ++i) {
      connected(where);
      say(connected(where), "GET / HTTP/1.1\r\n\r\n");
      say(connected(where), half_a_handshake(tls));
      if (i % 10) continue;
      const auto found = probe_node({where, "--join"}, foreign.get(), names, question_limit(tls ? 30s : 1s));
      REQUIRE((!tls || found.outcome == probe_result::kind::untrusted));
    }
    // Who is let in by TLS, and then goes.
    for (int i = 0; i < 20; ++i)
      REQUIRE(probe_node({where, "--join"}, own.get(), names, question_limit(30s)).outcome == probe_result::kind::open);
    CHECK(pair.another_joins(tls));
    CHECK(pair.losses() == 0);
  }
}

TEST_CASE("of strangers that say nothing the oldest go, nodes come in between them, and no descriptor is left") {
  for (const auto tls : {false, true}) {
    INFO((tls ? "with TLS" : "without TLS"));
    pair_of_nodes pair(tls);
    const auto files = open_files();
    {
      std::vector<tcp_connection> silent;
      for (int i = 0; i < 200; ++i) silent.push_back(connected(pair.coordinator.address()));
      for (std::size_t i = 0; i < 200 - 64; ++i) REQUIRE(is_closed(silent[i]));
      CHECK(open_files() <= files + 200 + 64 + 4);
      CHECK(pair.another_joins(tls));
    }
    CHECK(pair.losses() == 0);
    for (int i = 0; i < 200; ++i) { // each is taken after those before it were let go
      auto last = connected(pair.coordinator.address());
      say(last, "no handshake at all");
      REQUIRE(is_closed(last));
    }
    CHECK(open_files() <= files + 4);
  }
}

TEST_CASE("a stranger has --peer-timeout for its handshake, whatever it has said of it") {
  for (const auto tls : {false, true}) {
    INFO((tls ? "with TLS" : "without TLS"));
    pair_of_nodes pair(tls, 2);
    auto silent = connected(pair.coordinator.address()), half = connected(pair.coordinator.address());
    const auto began = std::chrono::steady_clock::now();
    say(half, half_a_handshake(tls));
    CHECK(is_closed(silent));
    CHECK(is_closed(half));
    CHECK(std::chrono::steady_clock::now() - began >= 1500ms);
    CHECK(pair.losses() == 0);
  }
}

TEST_CASE("a process ends though strangers hold their connections, silent or in the middle of a handshake") {
  for (const auto tls : {false, true}) {
    INFO((tls ? "with TLS" : "without TLS"));
    std::vector<tcp_connection> strangers;
    {
      pair_of_nodes pair(tls, 600);
      for (int i = 0; i < 10; ++i) {
        strangers.push_back(connected(pair.coordinator.address()));
        if (i % 2) say(strangers.back(), half_a_handshake(tls));
      }
      CHECK(pair.another_joins(tls)); // they were taken before it
    }
    for (auto& each : strangers) CHECK(is_closed(each));
  }
}

TEST_CASE("where descriptors run out strangers are refused, what works goes on, and then nodes come in again") {
  for (const auto tls : {false, true}) {
    INFO((tls ? "with TLS" : "without TLS"));
    pair_of_nodes pair(tls);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(pair.coordinator.address().port);
    std::vector<int> sockets(30);
    for (auto& each : sockets) each = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 512;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    std::vector<int> rest;
    for (auto more = ::dup(sockets[0]); more >= 0; more = ::dup(sockets[0])) rest.push_back(more);
    int refused = 0;
    for (const auto each : sockets) {
      char byte = 0;
      const bool there = ::connect(each, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
      refused += there && ::recv(each, &byte, 1, 0) <= 0;
    }
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    for (const auto each : sockets) ::close(each);
    for (const auto each : rest) ::close(each);
    CHECK(refused == 30);
    CHECK(pair.another_joins(tls));
    CHECK(pair.losses() == 0);
  }
}

TEST_CASE("the room for strangers follows the descriptors of the process") {
  using limits = open_connections;
  CHECK(limits::limits_for(1024, 10s).strangers == 64);
  CHECK(limits::limits_for(1024, 10s).accepted == 512);
  CHECK(limits::limits_for(100, 10s).strangers == 25);
  CHECK(limits::limits_for(100, 10s).accepted == 50);
  CHECK(limits::limits_for(1, 10s).strangers == 1);
  CHECK(limits::limits_for(1 << 20, 3s).patience == 3s);
}

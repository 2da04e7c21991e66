// What strangers can do to a port, with TLS and without: it stays up, keeps nothing of them, and says little.
#include "tests/actors/nodes/stranger.hpp"
#include "tests/actors/nodes/test_cluster.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/kept_memory.hpp"

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/connection_probe.hpp"
#include "actors/nodes/handshake.hpp"
#include "actors/nodes/peer_messages.hpp"
#include "runtime/random.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sys/socket.h>

using namespace syngrad;
using namespace syngrad::test;
using namespace std::chrono_literals;

namespace {

using kind = peer_event::kind;

// The first record of a connection without TLS.
std::string in_a_record(const std::string& bytes) {
  const auto header = header_of_record(0, bytes.data(), bytes.size());
  return std::string(header.data(), header.size()) + bytes;
}

// A header that CAF takes for one, with a payload of its length that is none.
std::string forged_frame(random_source& random) {
  std::string header(32, '\0');
  header[0] = static_cast<char>(random.below(7));
  const auto size = random.below(200);
  header[7] = static_cast<char>(size);
  for (int i = 8; i < 32; ++i)
    if (random.below(2)) header[static_cast<std::size_t>(i)] = static_cast<char>(random.bits());
  return header + random_bytes(random, size);
}

// Of four connections each; tests/bench/network_table.py asks for many more.
int rounds_of_attack() {
  const char* const asked = std::getenv("SYNGRAD_ATTACKS");
  return asked ? std::max(1, std::atoi(asked)) : 600;
}

bool joins(test_node& coordinator, network_settings settings) {
  test_node node(std::move(settings));
  node.join(coordinator.address());
  return coordinator.events().next(kind::up) && node.events().next(kind::up);
}

} // namespace

TEST_CASE("a port scan, HTTP, garbage and forged frames leave nothing behind, with TLS and without") {
  const test_cluster cluster;
  for (const auto tls : {false, true}) {
    INFO((tls ? "with TLS" : "without TLS"));
    auto settings = loopback_settings("a");
    auto joiner = loopback_settings("b");
    if (tls) {
      settings.tls = cluster.files_of("a");
      joiner.tls = cluster.files_of("b");
    }
    test_node coordinator(settings);
    random_source random(7, tls);
    const auto credentials = tls ? *tls_credentials::load(joiner.tls) : nullptr;
    const auto attack = [&](int rounds) {
      for (int i = 0; i < rounds; ++i) {
        say(connected(coordinator.address()), "");
        say(connected(coordinator.address()),
            "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: a browser of some length\r\n\r\n");
        say(connected(coordinator.address()), random_bytes(random, 1 + random.below(4000)));
        std::string frames;
        for (int frame = 0; frame < 4; ++frame) frames += forged_frame(random);
        say(connected(coordinator.address()), tls ? frames : in_a_record(frames));
        // The port answers in order: when this one is greeted, those before it were taken. A queue that is full makes
        // strangers wait, as it should.
        if (i % 100 == 99)
          REQUIRE(probe(coordinator.address(), credentials.get(), 20s).outcome == probe_result::kind::open);
      }
    };
    attack(100); // whatever is allocated once
    const auto files = open_files();
    const auto memory = kept_kib();
    attack(rounds_of_attack());
    CHECK(open_files() <= files + 20); // some are just being closed
    CHECK(kept_kib() < memory + 16 * 1024);
    CHECK(joins(coordinator, joiner));
    CHECK(coordinator.events().count(kind::joined) == 1);
  }
}

TEST_CASE("a stranger's orders to exit do not reach the gatekeeper, however they are worded") {
  test_node coordinator(loopback_settings("a")), stranger(loopback_settings("c"));
  auto& system = stranger.system().get();
  caf::scoped_actor self(system);
  caf::actor gatekeeper;
  self->request(connector_of(system), 30s, caf::connect_atom_v, std::string("127.0.0.1"), coordinator.address().port)
    .receive([&](caf::node_id&, caf::strong_actor_ptr& found,
                 std::set<std::string>&) { gatekeeper = caf::actor_cast<caf::actor>(found); },
             [](const caf::error&) {});
  REQUIRE(gatekeeper);
  for (const auto reason : {caf::exit_reason::user_shutdown, caf::exit_reason::kill}) {
    caf::anon_send(gatekeeper, caf::exit_msg{{}, reason});
    caf::anon_send(gatekeeper, caf::exit_msg{self.address(), reason});
    // Over the same connection: it is answered after those.
    const auto said = make_hello(stranger.system().context()->self, role::observer);
    self->send(gatekeeper, said);
    std::vector<char> answered;
    self->receive([&](const challenge& asked) { answered = asked.hello_nonce; }, caf::after(30s) >> [] {});
    CHECK(answered == said.nonce);
  }
  CHECK(joins(coordinator, loopback_settings("b")));
}

TEST_CASE("a frame that claims gigabytes, and a handshake that claims nothing, close their connection at once") {
  test_node coordinator(loopback_settings("a"));
  const auto memory = kept_kib();
  for (char operation = 0; operation < 7; ++operation)
    for (const auto claimed : {'\0', '\x7f', '\xff'}) {
      if (claimed == 0 && operation > 1) continue; // a heartbeat has no payload
      std::string header(32, '\0');
      header[0] = operation;
      header[4] = claimed;
      header[15] = 4; // the version, in a server's handshake
      INFO("operation " << int{operation} << ", length " << int{claimed} << " << 24");
      auto connection = connected(coordinator.address());
      say(connection, in_a_record(header));
      CHECK(is_closed(connection));
    }
  CHECK(kept_kib() < memory + 4 * 1024);
  CHECK(joins(coordinator, loopback_settings("b")));
}

TEST_CASE("a flood of greetings that are never followed by a proof keeps at most 256 of them, and one line a second") {
  std::atomic<int> lines{0};
  auto opened = node_system::open(loopback_settings("a"), 1, 1, [&](const std::string&) { ++lines; });
  REQUIRE(opened);
  auto& system = (*opened)->get();
  const local_party stranger{{"b", random_instance(), "1.2.3", {}}, {}};
  const auto began = std::chrono::steady_clock::now();
  std::size_t memory = 0;
  {
    caf::scoped_actor self(system);
    const auto flood = [&](int count) {
      for (int i = 0; i < count; ++i) {
        self->send((*opened)->gatekeeper(), make_hello(stranger, role::node));
        challenge asked;
        self->receive([&](challenge& got) { asked = std::move(got); }, caf::after(30s) >> [] {});
        REQUIRE(asked.nonce.size() == nonce_size);
      }
    };
    flood(2000);
    memory = kept_kib();
    flood(20000);
  }
  CHECK(kept_kib() < memory + 4 * 1024);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  CHECK(lines >= 1);
  CHECK(lines <= 2 + seconds);
}

TEST_CASE("what is no node is told apart: another service, nobody, and a name that there is not") {
  test_node coordinator(loopback_settings("a"));
  CHECK(probe(coordinator.address(), nullptr, 5s).outcome == probe_result::kind::open);
  endpoint free;
  { free = test_node(loopback_settings("b")).address(); }
  const auto nobody = probe(free, nullptr, 5s);
  CHECK(nobody.outcome == probe_result::kind::refuses);
  CHECK(nobody.line ==
        "nobody listens at " + to_text(free) + " (connection refused): start the process there, or mend --join");
  const auto unknown = probe({"no-such-host.invalid", 7000}, nullptr, 5s);
  CHECK(unknown.outcome == probe_result::kind::unreachable);
  CHECK(unknown.line.starts_with("cannot resolve 'no-such-host.invalid'"));
}

// Questions to the network end within their limit, whatever the other side does, and at once where nobody wants to
// know.
#include "tests/actors/nodes/stranger.hpp"
#include "tests/actors/nodes/test_cluster.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tcp_relay.hpp"

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/connection_probe.hpp"
#include "actors/nodes/handshake.hpp"
#include "actors/nodes/roster.hpp"

#include <arpa/inet.h>
#include <array>
#include <caf/io/basp/header.hpp>
#include <caf/io/basp/message_type.hpp>
#include <caf/io/middleman_actor.hpp>
#include <future>
#include <netinet/in.h>
#include <poll.h>
#include <set>
#include <unistd.h>

using namespace syngrad;
using namespace syngrad::test;
using namespace std::chrono_literals;

namespace {

using probe_outcome = probe_result::kind;

class open_socket {
public:
  explicit open_socket(int number) : number_(number) {}
  open_socket(const open_socket&) = delete;
  open_socket& operator=(const open_socket&) = delete;
  ~open_socket() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

private:
  int number_;
};

// A port that takes connections as the kernel does, for as many as `backlog` says; what happens to them is the test's.
class bare_listener {
public:
  explicit bare_listener(int backlog = 16) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    REQUIRE(::bind(socket_.number(), generic(), size) == 0);
    REQUIRE(::listen(socket_.number(), backlog) == 0);
    REQUIRE(::getsockname(socket_.number(), generic(), &size) == 0);
  }
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }
  endpoint where() const { return {"127.0.0.1", ntohs(address_.sin_port)}; }
  int accept() const { return ::accept(socket_.number(), nullptr, nullptr); }
  int connect_without_waiting() {
    const int out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    static_cast<void>(::connect(out, generic(), sizeof address_));
    return out;
  }

private:
  open_socket socket_;
  sockaddr_in address_{};
};

network_settings observer_settings() {
  auto out = loopback_settings("observer");
  out.listen.reset();
  return out;
}

// Far beyond every limit given below, and well within what the other side would take.
constexpr double patience_s = 30;

} // namespace

TEST_CASE("a name server that does not answer holds no question longer than its limit, and is asked once") {
  std::promise<void> answers;
  const auto asked = std::make_shared<std::atomic<int>>(0);
  const auto gate = answers.get_future().share();
  name_lookup names([gate, asked](const endpoint& where) {
    ++*asked;
    gate.wait();
    return name_lookup::ask_system({"127.0.0.1", where.port});
  });
  for (int i = 0; i < 3; ++i) {
    const auto found = names.find({"slow.example", 7000}, question_limit(10ms));
    REQUIRE_FALSE(found);
    CHECK(found.kind() == error_kind::peer);
  }
  CHECK(*asked <= 1);
  // Another object's questions go on meanwhile.
  const auto refused = probe({"localhost", 1}, nullptr, 30s);
  CHECK(refused.outcome == probe_outcome::refuses);
  answers.set_value();
  const auto found = names.find({"slow.example", 7000}, question_limit(30s));
  REQUIRE(found);
  CHECK(found->size() == 1);
  CHECK(*asked == 1);
}

TEST_CASE("a question that nobody wants to know any more ends at once, in every step") {
  std::promise<void> answers;
  const auto gate = answers.get_future().share();
  const auto asked = std::make_shared<std::promise<void>>();
  const bare_listener silent, silent_with_tls;
  name_lookup slow([gate, asked](const endpoint&) -> result<std::vector<socket_address>> {
    asked->set_value();
    gate.wait();
    return error::peer("no such name");
  });
  name_lookup quick;
  const test_cluster cluster;
  const auto credentials = *tls_credentials::load(cluster.files_of("a"));
  // Each would last an hour. finish() joins the thread, so coming back is the check.
  probe_thread resolving, reading, shaking_hands;
  std::array<probe_result, 3> found;
  resolving.run([&](const stop_switch& stop) {
    found[0] = probe_node({{"slow.example", 7000}, "--join"}, nullptr, slow, question_limit(1h, &stop));
  });
  reading.run([&](const stop_switch& stop) {
    found[1] = probe_node({silent.where(), "--join"}, nullptr, quick, question_limit(1h, &stop));
  });
  name_lookup other;
  shaking_hands.run([&](const stop_switch& stop) {
    found[2] = probe_node({silent_with_tls.where(), "--join"}, credentials.get(), other, question_limit(1h, &stop));
  });
  // Each has come as far as it can.
  asked->get_future().wait();
  const open_socket plain(silent.accept()), secure(silent_with_tls.accept());
  char first_of_hello = 0;
  REQUIRE(::recv(secure.number(), &first_of_hello, 1, MSG_PEEK) == 1);
  resolving.finish();
  reading.finish();
  shaking_hands.finish();
  for (const auto& each : found) CHECK(each.outcome != probe_outcome::open);
  answers.set_value();
}

TEST_CASE("a port that takes connections and says nothing is told in time, with TLS and without") {
  const test_cluster cluster;
  const auto credentials = *tls_credentials::load(cluster.files_of("a"));
  const bare_listener silent;
  const auto began = std::chrono::steady_clock::now();
  const auto plain = probe(silent.where(), nullptr, 50ms);
  CHECK(plain.outcome == probe_outcome::silent);
  CHECK(plain.line == to_text(silent.where()) + " accepts connections and says nothing: it is stopped, or it wants TLS "
                                                "(--tls-cert, --tls-key, --tls-ca)");
  CHECK(probe(silent.where(), credentials.get(), 50ms).outcome == probe_outcome::silent);
  CHECK(seconds_since(began) < patience_s);
}

TEST_CASE("a server that dribbles its greeting holds a question no longer than its limit") {
  const test_cluster cluster;
  const auto credentials = *tls_credentials::load(cluster.files_of("b"));
  for (const bool tls : {false, true}) {
    auto settings = loopback_settings("a");
    if (tls) settings.tls = cluster.files_of("a");
    test_node coordinator(settings);
    auto relay = std::move(*tcp_relay::start(0, "127.0.0.1", coordinator.address().port));
    relay->throttle(2); // the greeting alone would take more than a minute
    const auto began = std::chrono::steady_clock::now();
    CHECK(probe({"127.0.0.1", relay->port()}, tls ? credentials.get() : nullptr, 1s).outcome != probe_outcome::open);
    auto asks = observer_settings();
    if (tls) {
      asks.name.clear();
      asks.tls = cluster.files_of("b");
    }
    CHECK_FALSE(query_roster(asks, {"127.0.0.1", relay->port()}, 1s));
    CHECK(seconds_since(began) < patience_s);
  }
}

TEST_CASE("all steps of a query of the roster together have its limit") {
  test_node coordinator(loopback_settings("a"));
  auto relay = std::move(*tcp_relay::start(0, "127.0.0.1", coordinator.address().port));
  relay->delay(200ms); // connecting takes less than the limit, and so does what is said then; both take more
  CHECK_FALSE(query_roster(observer_settings(), {"127.0.0.1", relay->port()}, 1s));
  CHECK(query_roster(observer_settings(), {"127.0.0.1", relay->port()}, 30s));
}

TEST_CASE("a server that asks for proof after proof does not hold a query of the roster") {
  auto opened = node_system::open(observer_settings(), 1, 1, {});
  REQUIRE(opened);
  auto& system = (*opened)->get();
  using counter = std::shared_ptr<std::atomic<int>>;
  const auto proofs = std::make_shared<std::atomic<int>>(0);
  const local_party self{{"a", random_instance(), "1.2.3", {}}, {}};
  const auto asking = [self](caf::event_based_actor* actor, const counter& seen) -> caf::behavior {
    const auto said = std::make_shared<hello>();
    const auto answer = [=] { return make_challenge(self, *said, random_nonce()); };
    return {[=](hello& first) {
              *said = std::move(first);
              actor->send(caf::actor_cast<caf::actor>(actor->current_sender()), answer());
            },
            [=](const proof&) {
              ++*seen;
              actor->send(caf::actor_cast<caf::actor>(actor->current_sender()), answer());
            }};
  };
  const auto asker = system.spawn(asking, proofs);
  auto listen = caf::make_function_view(connector_of(system));
  const auto port = listen(caf::publish_atom_v, std::uint16_t{0}, caf::actor_cast<caf::strong_actor_ptr>(asker),
                           std::set<std::string>(), std::string("127.0.0.1"), false);
  REQUIRE(port);
  const auto began = std::chrono::steady_clock::now();
  const auto found = query_roster(observer_settings(), {"127.0.0.1", *port}, 1s);
  REQUIRE_FALSE(found);
  CHECK(seconds_since(began) < patience_s);
  CHECK(found.message() == "127.0.0.1:" + std::to_string(*port) +
                             " does not answer in time: it is busy, stopped, or no coordinator; check HOST:PORT, or "
                             "wait longer with --wait");
  CHECK(*proofs > 1);
  caf::anon_send_exit(asker, caf::exit_reason::user_shutdown);
}

TEST_CASE("a server that has room for one connection only does not hold who asks it, nor the end of the system") {
  bare_listener full(0);
  std::promise<void> over;
  auto server = std::async(std::launch::async, [&, until = over.get_future()] {
    const open_socket first(full.accept()); // the probe
    // From here on the kernel drops who wants to connect, and goes on trying for two minutes.
    const open_socket second(full.connect_without_waiting()), third(full.connect_without_waiting());
    std::array<char, 32> greeting{}; // operation 0, version 4: as CAF's first frame begins
    greeting[15] = 4;
    const auto record = header_of_record(0, greeting.data(), greeting.size());
    const auto sent = ::send(first.number(), record.data(), record.size(), MSG_NOSIGNAL) +
                      ::send(first.number(), greeting.data(), greeting.size(), MSG_NOSIGNAL);
    until.wait();
    return sent;
  });
  const auto began = std::chrono::steady_clock::now();
  const auto found = query_roster(observer_settings(), full.where(), 2s);
  const auto took_s = seconds_since(began);
  over.set_value();
  CHECK(server.get() == record_header_size + 32);
  CHECK(took_s < patience_s);
  REQUIRE_FALSE(found);
  CHECK(found.message().starts_with(to_text(full.where()) + " does not answer in time"));
}

TEST_CASE("what closes a connection at once is told with what to look at, and may come back, with TLS and without") {
  const test_cluster cluster;
  const auto credentials = *tls_credentials::load(cluster.files_of("a"));
  const bare_listener closing;
  for (const auto* each : {static_cast<const tls_credentials*>(nullptr), credentials.get()}) {
    // With TLS it is asked once more without.
    auto server = std::async(std::launch::async, [&] {
      for (int i = 0; i < (each ? 2 : 1); ++i) const open_socket one(closing.accept());
    });
    const auto found = probe(closing.where(), each, 30s);
    CHECK(found.outcome == probe_outcome::unreachable);
    CHECK(found.line ==
          to_text(closing.where()) +
            " closed the connection at once: the process there is just ending, it speaks without TLS where this "
            "side has it (--tls-cert, --tls-key and --tls-ca on both sides, or on neither), or what forwards this port "
            "(a tunnel, a container, NAT) finds nobody behind it; check the port of --join");
  }
}

TEST_CASE("who closes at the first bytes of TLS and greets where nothing is said to it has none, and is told so") {
  const test_cluster cluster;
  const auto credentials = *tls_credentials::load(cluster.files_of("a"));
  const bare_listener plain;
  auto server = std::async(std::launch::async, [&] {
    char first = 0;
    {
      const open_socket refused(plain.accept());
      REQUIRE(::read(refused.number(), &first, 1) == 1);
    }
    std::array<char, caf::io::basp::header_size> greeting{};
    greeting[0] = static_cast<char>(caf::io::basp::message_type::server_handshake);
    greeting[15] = 5;
    const auto header = header_of_record(0, greeting.data(), greeting.size());
    const open_socket greeted(plain.accept());
    REQUIRE(::write(greeted.number(), header.data(), header.size()) == std::ssize(header));
    REQUIRE(::write(greeted.number(), greeting.data(), greeting.size()) == std::ssize(greeting));
  });
  const auto found = probe(plain.where(), credentials.get(), 30s);
  server.get();
  CHECK(found.outcome == probe_outcome::untrusted);
  CHECK(found.line == "no TLS with " + to_text(plain.where()) +
                        " (it speaks without); give both sides --tls-cert, --tls-key and --tls-ca");
}

TEST_CASE("a certificate that is out of date is refused in words that say so") {
  const test_cluster cluster;
  const auto credentials = *tls_credentials::load(cluster.files_of("b"));
  const auto late = cluster.files_of("a", -1);
  const bare_listener expired;
  auto server = std::async(std::launch::async, [&] {
    const ssl_context_handle context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate_chain_file(context.get(), late.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(context.get(), late.key.c_str(), SSL_FILETYPE_PEM);
    const open_socket one(expired.accept());
    const ssl_handle connection(SSL_new(context.get()));
    SSL_set_fd(connection.get(), one.number());
    const auto accepted = SSL_accept(connection.get());
    ERR_clear_error();
    return accepted;
  });
  const auto found = probe(expired.where(), credentials.get(), 30s);
  CHECK(server.get() != 1);
  CHECK(found.outcome == probe_outcome::untrusted);
  CHECK(found.line ==
        "the certificate of " + to_text(expired.where()) +
          " is not one of --tls-ca: certificate has expired; give both sides --tls-cert and --tls-ca of one "
          "CA, in date (`syngrad certs` issues them)");
}

TEST_CASE("an address that leads nowhere is told with its option and the port that a firewall must let through") {
  name_lookup nowhere([](const endpoint& where) {
    return name_lookup::ask_system({"255.255.255.255", where.port}); // TCP has no way to everybody
  });
  const auto found = probe_node({{"far.example", 7001}, "--advertise of 'b'"}, nullptr, nowhere, question_limit(200ms));
  CHECK(found.outcome == probe_outcome::unreachable);
  CHECK(found.line.starts_with("cannot reach far.example:7001: "));
  CHECK(found.line.ends_with("; check --advertise of 'b', and that firewalls let TCP port 7001 through"));
  name_lookup unknown(
    [](const endpoint&) -> result<std::vector<socket_address>> { return error::peer("no such name"); });
  CHECK(
    probe_node({{"far.example", 7001}, "--join"}, nullptr, unknown, question_limit(30s)).line ==
    "cannot resolve 'far.example' of far.example:7001: no such name; mend --join, or write a numeric address there");
}

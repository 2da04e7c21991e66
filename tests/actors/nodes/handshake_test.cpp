// The handshake as tables: crafted messages, and the faults that both sides find in them.
#include "tests/actors/nodes/test_cluster.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"

#include "actors/actor_system.hpp"
#include "actors/nodes/gatekeeper_actor.hpp"
#include "actors/nodes/handshake.hpp"

#include <functional>

using namespace syngrad;
using namespace syngrad::test;

namespace {

local_party party(const std::string& name, std::shared_ptr<const tls_credentials> credentials = {}) {
  return {{name, random_instance(), "1.2.3", {"127.0.0.1", 7000}}, std::move(credentials)};
}

local_party party(const test_cluster& cluster, const std::string& name) {
  return party(name, *tls_credentials::load(cluster.files_of(name)));
}

} // namespace

TEST_CASE("a hello is refused for every fault that it can have, in words that name both sides") {
  const auto self = party("a");
  struct row {
    const char* what;
    std::function<void(hello&)> damage;
    std::string line;
  };
  const std::vector<row> rows{
    {"nothing", [](hello&) {}, ""},
    {"protocol", [](hello& h) { h.protocol = 9, h.version = "9.8.7"; },
     "'b' runs syngrad 9.8.7 (protocol 9) and 'a' runs syngrad 1.2.3 (protocol 7): install the same version on both"},
    {"protocol, and every other fault",
     [](hello& h) {
       h.protocol = 0;
       h.version = std::string(1000, 'v');
       h.name = "\x1b[2J";
       h.nonce.clear();
     },
     "'?[2J' runs syngrad " + std::string(64, 'v') +
       "... (protocol 0) and 'a' runs syngrad 1.2.3 (protocol 7): install the same version on both"},
    {"version", [](hello& h) { h.version = "1.2.4"; },
     "'b' runs syngrad 1.2.4 (protocol 7) and 'a' runs syngrad 1.2.3 (protocol 7): install the same version on both"},
    {"long version", [](hello& h) { h.version = std::string(65, 'v'); }, "'b' sent a malformed greeting to 'a'"},
    {"host", [](hello& h) { h.host = std::string(254, 'h'); }, "'b' sent a malformed greeting to 'a'"},
    {"short nonce", [](hello& h) { h.nonce.pop_back(); }, "'b' sent a malformed greeting to 'a'"},
    {"long nonce", [](hello& h) { h.nonce.push_back(0); }, "'b' sent a malformed greeting to 'a'"},
    {"instance", [](hello& h) { h.instance = 0; }, "'b' sent a malformed greeting to 'a'"},
    {"empty name", [](hello& h) { h.name.clear(); }, "'' is no name for a node; give one with --name"},
    {"name", [](hello& h) { h.name = "b\n"; }, "'b?' is no name for a node; give one with --name"},
    {"long name", [](hello& h) { h.name = std::string(65, 'n'); },
     "'" + std::string(64, 'n') + "...' is no name for a node; give one with --name"},
    {"role", [](hello& h) { h.role = "root"; }, "'b' asks 'a' for something unknown: 'root'"},
    {"itself", [&](hello& h) { h.instance = self.identity.instance; },
     "'a' is connected to itself; give the other process's address (--join, or --advertise there)"},
  };
  for (const auto& [what, damage, line] : rows) {
    INFO(what);
    auto said = make_hello(party("b"), role::node);
    damage(said);
    CHECK(fault_of(said, self).value_or("") == line);
  }
}

TEST_CASE("a challenge and a proof are good for one handshake, one side and one name only") {
  const test_cluster cluster;
  const auto gatekeeper = party(cluster, "a"), initiator = party(cluster, "b"), third = party(cluster, "c");
  const auto said = make_hello(initiator, role::node);
  const auto asked = make_challenge(gatekeeper, said, random_nonce());
  const auto proven = make_proof(initiator, said, asked);
  CHECK_FALSE(fault_of(asked, said, initiator));
  CHECK_FALSE(fault_of(proven, said, asked, gatekeeper));

  // Any field that is not what was signed.
  const std::vector<std::function<void(challenge&)>> damages{
    [](challenge& x) { ++x.nonce[31]; },
    [](challenge& x) { ++x.instance; },
    [](challenge& x) { x.version = "1.2.4"; },
    [](challenge& x) { x.name = "c"; },
    [](challenge& x) { x.nonce.pop_back(); },
    [](challenge& x) { x.signature.clear(); },
    [](challenge& x) { x.certificate.clear(); },
    [](challenge& x) { ++x.signature[20]; },
    [](challenge& x) { x.signature.resize(2000); },
    [&](challenge& x) { x.certificate = third.credentials->certificate(); }};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    INFO("damage " << i);
    auto damaged = asked;
    damages[i](damaged);
    CHECK(fault_of(damaged, said, initiator));
  }
  // Of another handshake between the same two.
  const auto later = make_hello(initiator, role::node);
  CHECK(fault_of(asked, later, initiator));
  CHECK(fault_of(proven, later, asked, gatekeeper));
  CHECK(fault_of(proven, said, make_challenge(gatekeeper, said, random_nonce()), gatekeeper));
  // The gatekeeper's own signature, sent back to it.
  CHECK(fault_of(proof{asked.nonce, asked.certificate, asked.signature}, said, asked, gatekeeper));
  // A node in the name of another.
  CHECK(fault_of(make_proof(third, said, asked), said, asked, gatekeeper).value() ==
        "'a' does not believe that this is 'b': the certificate is that of 'c'");
  CHECK(fault_of(proof{asked.nonce, {}, {}}, said, asked, gatekeeper).value() ==
        "'b' sent no certificate to 'a', which wants one; give both sides --tls-cert, --tls-key and --tls-ca");
}

TEST_CASE("a gatekeeper hands nothing out before the proof, whatever is sent to it") {
  const test_cluster cluster;
  auto settings = loopback_settings("a");
  settings.tls = cluster.files_of("a");
  test_node coordinator(settings);
  const auto& gatekeeper = coordinator.system().gatekeeper();
  const auto initiator = party(cluster, "b"), third = party(cluster, "c");
  caf::scoped_actor self(coordinator.system().get());
  const auto answer_to = [&](auto message) {
    self->send(gatekeeper, std::move(message));
    std::string got = "nothing";
    self->receive([&](const refused& said) { got = said.line; }, [&](const challenge&) { got = "challenge"; },
                  [&](const welcome&) { got = "welcome"; }, [&](const roster& said) { got = said.nodes.at(0).groups; },
                  caf::after(std::chrono::seconds(30)) >> [] {});
    return got;
  };
  const auto challenge_for = [&](const hello& said) {
    self->send(gatekeeper, said);
    challenge got;
    self->receive([&](const challenge& asked) { got = asked; }, caf::after(std::chrono::seconds(30)) >> [] {});
    return got;
  };

  auto old = make_hello(initiator, role::node);
  old.protocol = 0;
  old.version = "0.9";
  CHECK(answer_to(old) ==
        "'b' runs syngrad 0.9 (protocol 0) and 'a' runs syngrad 1.2.3 (protocol 7): install the same version on both");
  CHECK(answer_to(proof{}) == "'a' did not ask for this proof, or too long ago");
  const auto said = make_hello(initiator, role::node);
  auto asked = challenge_for(said);
  CHECK(answer_to(make_proof(third, said, asked)) ==
        "'a' does not believe that this is 'b': the certificate is that of 'c'");
  CHECK(answer_to(make_proof(initiator, said, asked)) == "'a' did not ask for this proof, or too long ago"); // one try
  const auto watcher = make_hello(initiator, role::observer);
  CHECK(answer_to(make_proof(third, watcher, challenge_for(watcher))) ==
        "'a' does not believe that this is 'b': the certificate is that of 'c'");
  CHECK(answer_to(make_proof(initiator, watcher, challenge_for(watcher))) == "0-2");
  const auto other = make_hello(initiator, role::peer);
  CHECK(answer_to(make_proof(initiator, other, challenge_for(other))) == "'a' has not heard of 'b' yet");
  CHECK(coordinator.events().count(peer_event::kind::joined) == 0);
  asked = challenge_for(said);
  CHECK(answer_to(make_proof(initiator, said, asked)) == "welcome");
  CHECK(coordinator.events().count(peer_event::kind::joined) == 1);
}

TEST_CASE("a greeting has the bytes that it had in every version") {
  owned_actor_system system(1, 1);
  std::vector<char> bytes;
  caf::binary_serializer sink(system.get(), bytes);
  hello said{258, "1.2", "b", 0x0102030405060708, "node", "h", 0x1b58, {'n', 'o'}};
  REQUIRE_FALSE(sink(said));
  const unsigned char golden[] = {0, 0, 1, 2, 3,   '1', '.', '2', 1, 'b', 1,    2,    3, 4,   5,
                                  6, 7, 8, 4, 'n', 'o', 'd', 'e', 1, 'h', 0x1b, 0x58, 2, 'n', 'o'};
  CHECK(std::vector<char>(std::begin(golden), std::end(golden)) == bytes);
}

TEST_CASE("of lines of one kind one a second is printed, with the number of those that were not") {
  std::vector<std::string> lines;
  limited_log log([&](const std::string& line) { lines.push_back(line); });
  using kind = limited_log::kind;
  constexpr std::int64_t second = 1'000'000'000;
  log.say(kind::refused, "a", 5 * second);
  for (int i = 0; i < 1000; ++i) log.say(kind::refused, "b", 5 * second + i);
  log.say(kind::malformed, "c", 5 * second + 5);
  log.say(kind::refused, "d", 6 * second);
  log.say(kind::refused, "e", 7 * second);
  CHECK(lines == std::vector<std::string>{"a", "c", "d (and 1000 more like it)", "e"});
}

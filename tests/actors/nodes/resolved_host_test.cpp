// What a host stands for decides whether it leaves this machine, never its text; and what was judged is what is bound.
#include "actors/nodes/addresses.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"

#include <fstream>
#include <sstream>

using namespace syngrad;
using namespace syngrad::test;

namespace {

// A name server that knows one host, and counts how often it is asked.
struct name_server {
  std::string host;
  std::vector<std::string> addresses;
  std::shared_ptr<int> asked = std::make_shared<int>(0);

  result<std::vector<socket_address>> operator()(const endpoint& where) const {
    ++*asked;
    if (where.host != host) return error::peer("no such host");
    std::vector<socket_address> out;
    for (const auto& each : addresses) out.push_back(name_lookup::ask_system({each, where.port})->front());
    return out;
  }
};

std::string fault_of(const std::string& host, const std::vector<std::string>& addresses) {
  auto settings = loopback_settings("a");
  settings.listen = endpoint{host, 0};
  const auto opened = node_system::open(settings, 1, 1, {}, name_server{host, addresses});
  return opened ? "" : opened.message();
}

// The local address of the socket that listens at a port, as the kernel has it: "0100007F" is 127.0.0.1.
std::string bound_to(std::uint16_t port) {
  std::ostringstream wanted;
  wanted << std::hex << std::uppercase << port;
  const auto number = std::string(4 - wanted.str().size(), '0') + wanted.str();
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string slot, local, remote, state;
    words >> slot >> local >> remote >> state;
    if (state == "0A" && local.substr(local.find(':') + 1) == number) return local.substr(0, local.find(':'));
  }
  return "nothing";
}

} // namespace

TEST_CASE("a name that looks like loopback and stands for something else needs TLS, and the address is named") {
  const std::string remedy = " leaves this machine: protect it with --tls-cert";
  CHECK(fault_of("127.evil.example", {"10.9.8.7"}).starts_with("--listen 127.evil.example:0 (10.9.8.7)" + remedy));
  CHECK(fault_of("127.0.0.1.example", {"0.0.0.0"}).starts_with("--listen 127.0.0.1.example:0 (0.0.0.0)" + remedy));
  CHECK(fault_of("localhost", {"192.0.2.1"}).starts_with("--listen localhost:0 (192.0.2.1)" + remedy));
  CHECK(
    fault_of("localhost", {"127.0.0.1", "192.0.2.1", "::1"}).starts_with("--listen localhost:0 (192.0.2.1)" + remedy));
  CHECK(fault_of("here", {"::ffff:10.0.0.1"}).starts_with("--listen here:0 (10.0.0.1)" + remedy));
  CHECK(fault_of("here", {"::ffff:0.0.0.0"}).starts_with("--listen here:0 (0.0.0.0)" + remedy));
}

TEST_CASE("a name that stands for loopback is one, is asked for once, and what was judged is bound") {
  name_server names{"here.example", {"127.0.0.1"}};
  for (const auto* address : {"127.0.0.1", "127.1.2.3", "::ffff:127.0.0.1"}) {
    CAPTURE(address);
    names.addresses = {address};
    *names.asked = 0;
    auto settings = loopback_settings("a");
    settings.listen = endpoint{"here.example", 0};
    const auto opened = node_system::open(settings, 1, 1, {}, names);
    REQUIRE(opened);
    CHECK(*names.asked == 1);
    const auto& listening = (*opened)->listening();
    CHECK(listening.host == (address == std::string("127.1.2.3") ? "127.1.2.3" : "127.0.0.1"));
    CHECK(bound_to(listening.port) == (listening.host == "127.1.2.3" ? "0302017F" : "0100007F"));
    CHECK((*opened)->identity().address == listening);
  }
}

TEST_CASE("loopback and all addresses are told by their numbers, in whatever dress") {
  for (const auto* each : {"127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"})
    CHECK(is_loopback_address(each));
  for (const auto* each : {"128.0.0.1", "12.7.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "::127.0.0.1",
                           "localhost", "127.evil.example", "127", ""})
    CHECK_FALSE(is_loopback_address(each));
  for (const auto* each : {"0.0.0.0", "::", "0::0", "::ffff:0.0.0.0"}) CHECK(is_every_address(each));
  for (const auto* each : {"0.0.0.1", "::1", "127.0.0.1", "", "*", "localhost"}) CHECK_FALSE(is_every_address(each));
}

TEST_CASE("spellings that a resolver makes something unexpected of are refused, with what it makes of them") {
  const auto refusal = [](const std::string& text) { return parse_endpoint(text).message(); };
  CHECK(refusal("0177.1:7000") ==
        "'0177.1' is an unusual spelling of the address 127.0.0.1; write that, if you mean it");
  CHECK(refusal("2130706433:7000").starts_with("'2130706433' is an unusual spelling of the address 127.0.0.1"));
  CHECK(refusal("0:7000").starts_with("'0' is an unusual spelling of the address 0.0.0.0"));
  CHECK(refusal("0x7f.0.0.1:1").starts_with("'0x7f.0.0.1' is an unusual spelling"));
  CHECK(refusal("10.1:1").starts_with("'10.1' is an unusual spelling of the address 10.0.0.1"));
  for (const auto* text : {"*:7000", "0.0.0.0:7000", "[::]:7000", "[::ffff:0.0.0.0]:7000"})
    CHECK(refusal(text).find("where to listen, not where to be found") != std::string::npos);
  for (const auto* text : {"[127.0.0.1]:1", "[]:1", "[x]:1", "a b:1", "a/b:1", "a*:1", "**:1"}) {
    CHECK_FALSE(parse_endpoint(text));
    CHECK_FALSE(parse_listening(text));
  }
  CHECK(parse_endpoint("[0:0::1]:1")->host == "::1");
  CHECK(parse_endpoint("[::ffff:127.0.0.1]:1")->host == "127.0.0.1");
  CHECK(parse_endpoint("[fe80::1%eth0]:1")->host == "fe80::1%eth0");
}

TEST_CASE("a star and an empty host are all addresses of the machine, and therefore need TLS or --insecure") {
  for (const auto* text : {"*:7000", ":7000", "0.0.0.0:7000"}) {
    CAPTURE(text);
    const auto where = *parse_listening(text);
    CHECK(where == endpoint{"0.0.0.0", 7000});
    auto settings = loopback_settings("a");
    settings.listen = endpoint{where.host, 0};
    const auto refused = node_system::open(settings, 1, 1, {});
    REQUIRE_FALSE(refused);
    CHECK(refused.message().starts_with("--listen 0.0.0.0:0 leaves this machine"));
    settings.insecure = true;
    const auto opened = node_system::open(settings, 1, 1, {});
    REQUIRE(opened);
    CHECK(bound_to((*opened)->listening().port) == "00000000");
  }
  CHECK(parse_listening("[::]:7000")->host == "::");
  CHECK_FALSE(parse_listening("*"));
  CHECK_FALSE(parse_listening(""));
  CHECK(parse_listening("*:x").message() ==
        "expected HOST:PORT, such as *:7000, 10.0.0.1:7000 or [::1]:7000, got '*:x'");
}

TEST_CASE("who listens everywhere is found at addresses of this machine that are not loopback") {
  CHECK(reachable_addresses("10.0.0.7") == std::vector<std::string>{"10.0.0.7"});
  const auto here = reachable_addresses("0.0.0.0"), also_ipv6 = reachable_addresses("::");
  CHECK(also_ipv6.size() >= here.size());
  for (const auto& each : also_ipv6) {
    CAPTURE(each);
    CHECK_FALSE(is_loopback_address(each));
    CHECK_FALSE(is_every_address(each));
    CHECK(is_own_address(each));
  }
}

TEST_CASE("a process does not connect to another machine's address without TLS, whatever it was told before") {
  const auto others = reachable_addresses("0.0.0.0");
  if (others.empty()) {
    WARN("this machine has no network but loopback");
    return;
  }
  auto settings = loopback_settings("a");
  settings.listen = endpoint{others.front(), 0};
  settings.insecure = true;
  test_node coordinator(settings);
  test_node node(loopback_settings("b"));
  node.join(coordinator.address());
  const auto dead = node.events().next(peer_event::kind::dead);
  REQUIRE(dead);
  CHECK(dead->why.starts_with("--join " + to_text(coordinator.address()) + " leaves this machine"));
  CHECK(coordinator.events().count(peer_event::kind::joined) == 0);
}

// What users write about addresses, and where a process may listen.
#include "actors/nodes/addresses.hpp"
#include "tests/actors/nodes/test_node.hpp"
#include "tests/support/catch.hpp"

using namespace syngrad;
using namespace syngrad::test;

namespace {

std::string open_fault(network_settings settings) {
  const auto opened = node_system::open(std::move(settings), 1, 1, {});
  return opened ? "" : opened.message();
}

} // namespace

TEST_CASE("addresses are read and written back, and what is none is refused") {
  for (const auto* text : {"10.0.0.1:7000", "node-1.cluster:1", "[::1]:65535", "localhost:0"})
    CHECK(to_text(*parse_endpoint(text)) == text);
  CHECK(parse_endpoint("[::1]:80")->host == "::1");
  for (const auto* text : {"", ":", "7000", "host", "host:", "host:65536", "host:-1", "host:7x", "::1:7000", ":7000"})
    CHECK_FALSE(parse_endpoint(text));
  CHECK(parse_port_range("7000-7010")->last == 7010);
  CHECK(parse_port_range("7000")->last == 7000);
  for (const auto* text : {"", "-", "7010-7000", "0-5", "7000-", "a-b"}) CHECK_FALSE(parse_port_range(text));
}

TEST_CASE("an address of this machine is told from another machine's") {
  CHECK(is_own_address("127.0.0.1"));
  CHECK(is_own_address("localhost"));
  CHECK_FALSE(is_own_address("192.0.2.1")); // of nobody: RFC 5737
}

TEST_CASE("an address that others reach needs TLS or --insecure, which warns at every start") {
  auto settings = loopback_settings("a");
  settings.listen = endpoint{"0.0.0.0", 0};
  CHECK(open_fault(settings) ==
        "--listen 0.0.0.0:0 leaves this machine: protect it with --tls-cert, --tls-key and --tls-ca (`syngrad certs "
        "DIR` makes them), or say --insecure to trust whoever reaches the port");
  settings.insecure = true;
  std::vector<std::string> lines;
  {
    const auto opened = node_system::open(settings, 1, 1, [&](const std::string& line) { lines.push_back(line); });
    CHECK(opened);
  }
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("warning: --insecure:"));
}

TEST_CASE("a port in use, a foreign address and an unknown name are errors that name the flag") {
  test_node first(loopback_settings("a"));
  auto settings = loopback_settings("b");
  settings.listen = first.address();
  const auto title = to_text(first.address());
  CHECK(open_fault(settings) ==
        "--listen " + title + ": Address already in use; choose another port, or 0 for any free one");
  settings.listen = endpoint{"127.0.0.1", 0};
  settings.ports = port_range{first.address().port, first.address().port};
  CHECK(
    open_fault(settings).starts_with("--port-range: no port of the range is free; the last one: --listen " + title));
  settings.insecure = true;
  settings.listen = endpoint{"192.0.2.1", 7000}; // kept for documentation: nobody has it
  CHECK(open_fault(settings).find("it is no address of this machine") != std::string::npos);
  settings.listen = endpoint{"no-such-host.invalid", 7000};
  CHECK(open_fault(settings).find("cannot resolve 'no-such-host.invalid'") != std::string::npos);
}

TEST_CASE("the first free port of a range is taken, and another address can be advertised") {
  test_node first(loopback_settings("a"));
  auto settings = loopback_settings("b");
  const auto port = first.address().port;
  settings.ports = port_range{port, static_cast<std::uint16_t>(std::min(65535, port + 50))};
  settings.advertise = endpoint{"outside.example", 0};
  test_node second(settings);
  CHECK(second.address().port > port);
  CHECK(second.address().port <= port + 50);
  CHECK(second.system().identity().address.host == "outside.example");
  CHECK(second.system().identity().address.port == second.address().port);
}

TEST_CASE("systems in one machine never have the same number") {
  test_node first(loopback_settings("a")), second(loopback_settings("b"));
  CHECK(first.system().get().node() != second.system().get().node());
  const auto text = [](test_node& node) { return to_string(node.system().get().node()); };
  CHECK(text(first).substr(0, 30) != text(second).substr(0, 30)); // CAF's own differ in the last byte
}

// A process with a node for tests that kill and stop it: joins, says so, and lives until it is told to end.
//
//   node_child NAME [CERT KEY CA]                          prints where it listens, takes in who joins
//   node_child NAME HOST:PORT PEER-TIMEOUT [CERT KEY CA]   joins, and prints "up"
//
// Its version is that of all test nodes, or what NODE_CHILD_VERSION says. Ends when the standard input does.
#include "tests/actors/nodes/test_node.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

using namespace syngrad;
using namespace syngrad::test;

namespace {

void live_until_input_ends() {
  std::string line;
  while (std::getline(std::cin, line)) {
  }
}

int coordinate(const network_settings& settings) {
  test_node node(settings);
  std::cout << to_text(node.address()) << std::endl;
  live_until_input_ends();
  return 0;
}

int join(const network_settings& settings, const endpoint& where) {
  test_node node(settings);
  node.join(where);
  if (node.events().next(peer_event::kind::up)) std::cout << "up" << std::endl;
  live_until_input_ends();
  return 0;
}

} // namespace

int main(int count, char** words) {
  const auto joins = count == 4 || count == 7, has_tls = count == 5 || count == 7;
  if (!joins && count != 2 && count != 5) return 2;
  auto settings = loopback_settings(words[1], joins ? std::atof(words[3]) : 10);
  if (const char* const version = std::getenv("NODE_CHILD_VERSION")) settings.version = version;
  if (has_tls) settings.tls = {words[count - 3], words[count - 2], words[count - 1]};
  if (!joins) return coordinate(settings);
  const auto where = parse_endpoint(words[2]);
  return where ? join(settings, *where) : 2;
}

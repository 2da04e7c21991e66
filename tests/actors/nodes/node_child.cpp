// A process with a node for tests that kill and stop it: joins, says so, and lives until it is told to end.
//
//   node_child NAME                                        prints where it listens, takes in who joins
//   node_child NAME HOST:PORT PEER-TIMEOUT [CERT KEY CA]   joins, and prints "up"
//
// Ends when the standard input does.
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

int coordinate(const std::string& name) {
  test_node node(loopback_settings(name));
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
  if (count == 2) return coordinate(words[1]);
  if (count != 4 && count != 7) return 2;
  auto settings = loopback_settings(words[1], std::atof(words[3]));
  if (count == 7) settings.tls = {words[4], words[5], words[6]};
  const auto where = parse_endpoint(words[2]);
  return where ? join(settings, *where) : 2;
}

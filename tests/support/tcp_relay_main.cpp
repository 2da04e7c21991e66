// The relay as a program, for scripts:
//
//   tcp_relay --listen PORT --to HOST:PORT [COMMAND ...]
//
// prints `listening on PORT`, does the commands that it is given, then those that come by standard input, a line each:
//
//   delay MS       each way            cut MS       nothing passes for so long      reset           all connections
//   rate BYTES     a second, 0: any    stall 0|1    stops reading                   reset_after N   bytes up, the next
//   one flip BYTES     a bit every so many refuse 0|1   new connections                 counts          prints them
//
// and runs until it is told `quit` or ended by a signal.
#include "tests/support/tcp_relay.hpp"

#include <cstdio>
#include <iostream>
#include <sstream>
#include <unistd.h>

using namespace syngrad::test;

namespace {

// False where it is told to end.
bool obey(tcp_relay& relay, const std::string& command) {
  std::istringstream words(command);
  std::string verb;
  long long number = 0;
  words >> verb >> number;
  const auto unsigned_number = static_cast<std::uint64_t>(number);
  if (verb == "quit") return false;
  if (verb == "delay")
    relay.delay(std::chrono::milliseconds(number));
  else if (verb == "rate")
    relay.throttle(unsigned_number);
  else if (verb == "flip")
    relay.flip(unsigned_number);
  else if (verb == "cut")
    relay.cut(std::chrono::milliseconds(number));
  else if (verb == "stall")
    relay.stall(number != 0);
  else if (verb == "refuse")
    relay.refuse(number != 0);
  else if (verb == "reset")
    relay.reset();
  else if (verb == "reset_after")
    relay.reset_after(unsigned_number);
  else if (verb == "counts")
    std::cout << relay.counts().connections << ' ' << relay.counts().bytes_up << ' ' << relay.counts().bytes_down << ' '
              << relay.counts().flips << std::endl;
  else if (!verb.empty())
    std::cerr << "tcp_relay: no such command: " << command << std::endl;
  return true;
}

} // namespace

int main(int count, char** words) {
  std::string to;
  int listen = 0, at = 1;
  for (; at + 1 < count && words[at][0] == '-'; at += 2) {
    const std::string option = words[at];
    if (option == "--listen") listen = std::atoi(words[at + 1]);
    if (option == "--to") to = words[at + 1];
  }
  const auto colon = to.rfind(':');
  if (colon == std::string::npos) {
    std::fprintf(stderr, "usage: tcp_relay --listen PORT --to HOST:PORT [COMMAND ...]\n");
    return 2;
  }
  auto relay = tcp_relay::start(static_cast<std::uint16_t>(listen), to.substr(0, colon),
                                static_cast<std::uint16_t>(std::atoi(to.c_str() + colon + 1)));
  if (!relay) {
    std::fprintf(stderr, "tcp_relay: %s\n", relay.message().c_str());
    return 1;
  }
  std::cout << "listening on " << (*relay)->port() << std::endl;
  for (; at < count; ++at)
    if (!obey(**relay, words[at])) return 0;
  for (std::string line; std::getline(std::cin, line);)
    if (!obey(**relay, line)) return 0;
  while (true) pause(); // whoever started it ends it
}

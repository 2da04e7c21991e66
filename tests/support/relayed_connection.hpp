// One connection through a tcp_relay: two sockets, and what is on its way between them.
//
// Threads: the relay's.
#pragma once

#include "tests/support/tcp_relay.hpp"

#include <chrono>
#include <deque>
#include <netinet/in.h>
#include <poll.h>
#include <vector>

namespace syngrad::test {

using relay_clock = std::chrono::steady_clock;

struct relay_settings {
  std::chrono::milliseconds delay{0};
  std::uint64_t bytes_per_second = 0;
  relay_clock::time_point cut_until{};
  bool stalled = false;
  std::uint64_t flip_every = 0;
};

class relayed_connection {
public:
  // Takes over the socket `client`; connects to `to`. Null: it is over at once.
  relayed_connection(int client, const sockaddr_in* to);
  ~relayed_connection();

  // Reads, writes what is due, and closes what has ended.
  void pass(const relay_settings&, relay_clock::time_point now, relay_counts&);
  // What to wait for, and until when at most.
  relay_clock::time_point add_waits(const relay_settings&, relay_clock::time_point now, std::vector<pollfd>&) const;
  void reset();
  bool is_over() const { return client_ < 0; }
  std::uint64_t bytes_up() const { return up_.passed; }

private:
  struct block {
    relay_clock::time_point due;
    std::vector<char> bytes;
    std::size_t written = 0;
  };
  struct way {
    std::deque<block> blocks;
    std::size_t held = 0;
    std::uint64_t passed = 0, read = 0;
    double allowance = 0; // bytes, where throttled
    relay_clock::time_point allowed_at{};
    bool ended = false, told_end = false; // by its reader, to its writer
  };

  static std::size_t most_held(const relay_settings&);
  void read_from(int fd, way&, const relay_settings&, relay_clock::time_point now, relay_counts&, bool flips);
  void write_to(int fd, way&, const relay_settings&, relay_clock::time_point now, std::uint64_t& total);
  void close_both();

  int client_, server_ = -1;
  way up_, down_;
};

} // namespace syngrad::test

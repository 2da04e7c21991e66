// A small TCP relay that does to connections what networks do: delays, throttles, cuts, resets, stalls, flips bits.
//
// Threads: it runs on its own; every member may be called by any thread, and takes effect at once.
#pragma once

#include "runtime/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace syngrad::test {

struct relay_counts {
  std::uint64_t connections = 0;              // so far
  std::uint64_t bytes_up = 0, bytes_down = 0; // delivered, from who connected and to it
  std::uint64_t flips = 0;
};

class tcp_relay {
public:
  // Listens on 127.0.0.1:`listen` (0: any free port), and connects each client to `host`:`port`, a numeric IPv4
  // address.
  static result<std::unique_ptr<tcp_relay>> start(std::uint16_t listen, const std::string& host, std::uint16_t port);
  ~tcp_relay(); // closes all connections

  std::uint16_t port() const;
  relay_counts counts() const;

  void delay(std::chrono::milliseconds each_way);
  void throttle(std::uint64_t bytes_per_second); // each way of each connection; 0: no limit
  void cut(std::chrono::milliseconds time);      // nothing passes, neither data nor the end of a connection
  void stall(bool stalled);                      // stops reading, until told otherwise
  void flip(std::uint64_t every_bytes);          // a bit every so many bytes that go up; 0: none
  void refuse(bool refused);                     // new connections are reset at once
  void reset();                                  // all connections, with RST
  // The next connection is reset when it has brought so many bytes up; and each after it, `times` in all.
  void reset_after(std::uint64_t bytes_up, int times = 1);
  // Returns once `count` connections were made in all, and true; false after `patience`.
  bool wait_for_connections(std::uint64_t count, std::chrono::milliseconds patience);

private:
  struct implementation;
  explicit tcp_relay(std::unique_ptr<implementation>);
  std::unique_ptr<implementation> self_;
};

} // namespace syngrad::test

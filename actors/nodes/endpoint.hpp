// Where a process can be reached: a host (name or address) and a TCP port. Plain values.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>

namespace syngrad {

struct endpoint {
  std::string host;
  std::uint16_t port = 0; // 0: any free one, where a process listens

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct port_range { // both ends included
  std::uint16_t first = 0, last = 0;
};

inline constexpr std::size_t longest_host = 253; // as DNS has it

// "HOST:PORT"; an IPv6 address stands in brackets. The message says what was expected.
result<endpoint> parse_endpoint(const std::string& text);
result<port_range> parse_port_range(const std::string& text); // "7000-7010" or "7000"
std::string to_text(const endpoint&);

// Whether only this machine can reach it, by its text: localhost, 127.x.y.z, ::1.
bool is_loopback(const endpoint&);
// 0.0.0.0 or ::, which say where to listen and not where to be found.
bool is_every_address(const endpoint&);

} // namespace syngrad

// Where a process can be reached, who it is, and why it cannot listen there.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>

namespace syngrad {

// Where a process can be reached: a host (name or address) and a TCP port. Plain values.
struct endpoint {
  std::string host;
  std::uint16_t port = 0; // 0: any free one, where a process listens

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct port_range { // both ends included
  std::uint16_t first = 0, last = 0;
};

inline constexpr std::size_t longest_host = 253; // as DNS has it

// "HOST:PORT"; an IPv6 address stands in brackets. Addresses come out as they are usually written; spellings that look
// like something else than what a resolver makes of them (0177.1, 2130706433) are refused. The message says what was
// expected. What an address is, and what a name stands for: addresses.hpp.
result<endpoint> parse_endpoint(const std::string& text);
// Likewise, where a process listens: "*:PORT" and ":PORT" are 0.0.0.0, all addresses (IPv4) of the machine.
result<endpoint> parse_listening(const std::string& text);
result<port_range> parse_port_range(const std::string& text); // "7000-7010" or "7000"
std::string to_text(const endpoint&);

// Who a process is. The instance is random: a process that was started again is another one, whatever its name.
struct process_identity {
  std::string name;
  std::uint64_t instance = 0;
  std::string version; // of the program
  endpoint address;    // where its gatekeeper is reached; port 0: nowhere
};

// Why this process cannot listen at an address: tried once more, because CAF does not say. A line with the remedy,
// without the address.
std::string listening_fault(const endpoint&);

} // namespace syngrad

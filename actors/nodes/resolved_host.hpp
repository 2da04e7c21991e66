// The addresses that a host stands for, found once: so what is judged (does it leave this machine?) is what is bound,
// whatever the text looks like, and whatever a name stands for a moment later.
#pragma once

#include "actors/nodes/name_lookup.hpp"

#include <string>
#include <vector>

namespace syngrad {

// Numeric text of an address, without the port. IPv4 in an IPv6 address (::ffff:10.0.0.1) is written as IPv4.
std::string numeric_host(const sockaddr*, socklen_t size);

// Of numeric text; false for anything else, names above all.
bool is_loopback_address(const std::string& host); // 127.0.0.0/8, ::1
bool is_every_address(const std::string& host);    // 0.0.0.0, ::, which say where to listen and not where to be found

struct resolved_host {
  std::vector<std::string> addresses; // numeric, each once, in the resolver's order; at least one

  // Whether none of them leaves this machine.
  bool is_loopback() const;
};

// Takes up to `lookup_limit` where a name server has to be asked. The message says what could not be resolved.
inline constexpr std::chrono::seconds lookup_limit{2};
result<resolved_host> resolve_host(const std::string& host, name_lookup::resolver = name_lookup::ask_system);

} // namespace syngrad

// The addresses of hosts: found within a limit of time, judged, and those of this machine.
#pragma once

#include "actors/nodes/limited_wait.hpp"
#include "actors/nodes/network_settings.hpp"

#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

namespace syngrad {

struct socket_address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

// Finds the addresses of a host within a limit of time.
//
// The system's own call has no limit: a name server that does not answer holds it for half a minute and more. It runs
// on a thread that nobody waits for and that touches nothing but what it shares with this object. While it runs,
// further questions for the same host wait for the same answer, so that there is one such thread for each object at
// most (and for each other host that it is asked for meanwhile).
//
// One thread at a time.
class name_lookup {
public:
  // The system's call, replaced in tests: all addresses of a host, or why there are none.
  using resolver = std::function<result<std::vector<socket_address>>(const endpoint&)>;
  static result<std::vector<socket_address>> ask_system(const endpoint&);

  explicit name_lookup(resolver ask = ask_system) : ask_(std::move(ask)) {}

  result<std::vector<socket_address>> find(const endpoint&, const question_limit&);

private:
  struct pending;

  resolver ask_;
  std::shared_ptr<pending> pending_;
};

// Numeric text of an address, without the port. IPv4 in an IPv6 address (::ffff:10.0.0.1) is written as IPv4.
std::string numeric_host(const sockaddr*, socklen_t size);

// Of numeric text; false for anything else, names above all.
bool is_loopback_address(const std::string& host); // 127.0.0.0/8, ::1
bool is_every_address(const std::string& host);    // 0.0.0.0, ::, which say where to listen and not where to be found

// The addresses that a host stands for, found once: so what is judged (does it leave this machine?) is what is bound,
// whatever the text looks like, and whatever a name stands for a moment later.
struct resolved_host {
  std::vector<std::string> addresses; // numeric, each once, in the resolver's order; at least one

  // Whether none of them leaves this machine.
  bool is_loopback() const;
};

// Takes up to `lookup_limit` where a name server has to be asked. The message says what could not be resolved.
inline constexpr std::chrono::seconds lookup_limit{2};
result<resolved_host> resolve_host(const std::string& host, name_lookup::resolver = name_lookup::ask_system);

// Whether `host` (a name or an address) leads to an address that a process here can listen at. Resolves a name, which
// may take a while. False where it cannot be resolved.
bool is_own_address(const std::string& host);

// Where other machines may find a process that listens at `listening` (numeric): that address, or, of 0.0.0.0 and ::,
// the machine's own that are not loopback or of one cable only, the one that the way to elsewhere begins at first.
// Empty where there is none. Nothing is sent.
std::vector<std::string> reachable_addresses(const std::string& listening);

} // namespace syngrad

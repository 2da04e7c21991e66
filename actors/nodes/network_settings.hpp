// What a user says about how processes reach each other, as plain values: addresses and ports, who a process is, TLS,
// limits of time. The options of the command line fill them.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
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

struct resolved_host;

struct tls_files { // PEM; the first three or none
  std::string certificate, key, ca;
  std::string crl = {}; // what the CA has revoked (PEM); empty: crl.pem beside `ca`, where there is one

  bool any() const { return !certificate.empty() || !key.empty() || !ca.empty() || !crl.empty(); }
  bool complete() const { return !certificate.empty() && !key.empty() && !ca.empty(); }
  status check() const; // all of the three, or none
};

struct network_settings {
  std::string name;                  // empty: the certificate's, else the host's
  std::string version;               // of the program
  std::optional<endpoint> listen;    // none: nobody can connect to this process
  std::optional<endpoint> advertise; // where others reach it, if that is not where it listens
  std::optional<port_range> ports;   // where `listen` leaves the port open: the first free one of these
  tls_files tls;
  bool insecure = false;       // go without TLS on an address that others reach
  double peer_timeout_s = 10;  // silence for so long is a lost connection
  double reconnect_for_s = 60; // a lost connection for so long is a dead peer
};

inline constexpr std::size_t longest_name = 64;

// Letters, digits, '-', '_' and '.'.
status check_node_name(const std::string& name);

// Whether an address may be used as these settings say: loopback, or TLS, or --insecure. `meaning` is what the host of
// `where`, as the user wrote it, stands for; `option` names its flag.
status check_exposure(const network_settings&, const endpoint& where, const resolved_host& meaning,
                      const std::string& option);

} // namespace syngrad

// What a user says about how processes reach each other. Plain values; the options of the command line fill them.
#pragma once

#include "actors/nodes/endpoint.hpp"

#include <optional>
#include <string>

namespace syngrad {

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

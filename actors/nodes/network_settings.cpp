#include "actors/nodes/network_settings.hpp"

#include "actors/nodes/addresses.hpp"

#include <algorithm>

namespace syngrad {

status tls_files::check() const {
  if (any() && !complete()) return error{"TLS needs all three of --tls-cert, --tls-key and --tls-ca"};
  return ok();
}

status check_node_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (name.empty() || name.size() > longest_name || !std::all_of(name.begin(), name.end(), allowed))
    return error{"a node's name has 1 to " + std::to_string(longest_name) +
                 " letters, digits, '-', '_' or '.'; give another one with --name"};
  return ok();
}

status check_exposure(const network_settings& settings, const endpoint& where, const resolved_host& meaning,
                      const std::string& option) {
  if (auto whole = settings.tls.check(); !whole) return whole;
  if (settings.tls.complete() || settings.insecure || meaning.is_loopback()) return ok();
  std::string others; // a name may stand for several
  for (const auto& each : meaning.addresses)
    if (each != where.host && !is_loopback_address(each)) others += (others.empty() ? "" : ", ") + each;
  return error{option + " " + to_text(where) + (others.empty() ? "" : " (" + others + ")") +
               " leaves this machine: protect it with --tls-cert, --tls-key and --tls-ca (`syngrad certs DIR` makes "
               "them), or say --insecure to trust whoever reaches the port"};
}

} // namespace syngrad

#include "tools/nodes/network_options.hpp"

#include <fmt/core.h>

namespace syngrad::tools {

namespace {

option_row port_range_row(std::optional<port_range>& target) {
  auto set = [&target](const std::string& value) -> status {
    const auto read = parse_port_range(value);
    if (!read) return read.failure();
    target = *read;
    return ok();
  };
  auto get = [&target]() -> std::optional<std::string> {
    if (!target) return std::nullopt;
    return fmt::format("{}-{}", target->first, target->last);
  };
  return {"port-range", "FIRST-LAST",
          "Where --listen says port 0: take the first free one of these, the ones that a firewall lets through", set,
          get};
}

} // namespace

option_row address(std::string name, std::optional<endpoint>& target, std::string help,
                   result<endpoint> (*read)(const std::string&)) {
  auto set = [&target, read](const std::string& value) -> status {
    auto where = read(value);
    if (!where) return where.failure();
    target = std::move(*where);
    return ok();
  };
  auto get = [&target]() -> std::optional<std::string> {
    if (!target) return std::nullopt;
    return to_text(*target);
  };
  return {std::move(name), "HOST:PORT", std::move(help), set, get};
}

option_group protection_options(network_settings& s) {
  return {"Protection of what crosses the network",
          {text("tls-cert", "FILE", s.tls.certificate, "This node's certificate (PEM); its name is the node's"),
           text("tls-key", "FILE", s.tls.key, "The key of that certificate"),
           text("tls-ca", "FILE", s.tls.ca, "The CA whose nodes are let in, and no others"),
           text("tls-crl", "FILE", s.tls.crl,
                "What that CA has revoked; default: crl.pem beside it, where there is one. Read at the start"),
           flag("insecure", s.insecure,
                "Go without TLS on addresses that others reach: whoever reaches the port is trusted")}};
}

option_group reach_options(network_settings& s) {
  return {
    "How others reach this process",
    {text("name", "NAME", s.name, "Its name among the nodes; default: the certificate's, else the machine's",
          check_node_name),
     address("listen", s.listen,
             "Where it takes connections; *:PORT: at all addresses of this machine ([::]:PORT: IPv6, too); port 0: "
             "any free one. What only this machine reaches needs no --tls-",
             parse_listening),
     address("advertise", s.advertise,
             "Where others reach it, where that differs (containers, NAT); port 0: the "
             "one that it listens at"),
     port_range_row(s.ports)}};
}

option_group failure_options(network_settings& s) {
  return {"When the network fails",
          {real_number("peer-timeout", "S", s.peer_timeout_s, {0.5, 3600},
                       "Silence for so long, in seconds, is a lost connection"),
           real_number("reconnect-for", "S", s.reconnect_for_s, {0, 86400},
                       "A connection that stays lost for so long, in seconds, is a dead node")}};
}

} // namespace syngrad::tools

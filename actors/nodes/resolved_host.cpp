#include "actors/nodes/resolved_host.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netdb.h>
#include <optional>

namespace syngrad {

namespace {

std::optional<in_addr> as_ipv4(const std::string& host) {
  in_addr out{};
  return inet_pton(AF_INET, host.c_str(), &out) == 1 ? std::optional(out) : std::nullopt;
}

// Without the scope (fe80::1%eth0), which says nothing about loopback.
std::optional<in6_addr> as_ipv6(const std::string& host) {
  in6_addr out{};
  return inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &out) == 1 ? std::optional(out) : std::nullopt;
}

} // namespace

std::string numeric_host(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    char text[INET_ADDRSTRLEN] = "";
    if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return inet_ntop(AF_INET, ipv6.s6_addr + 12, text, sizeof text);
  }
  char host[NI_MAXHOST] = "";
  ::getnameinfo(address, size, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
  return host;
}

bool is_loopback_address(const std::string& host) {
  if (const auto ipv4 = as_ipv4(host)) return ntohl(ipv4->s_addr) >> 24 == 127;
  const auto ipv6 = as_ipv6(host);
  if (!ipv6) return false;
  return IN6_IS_ADDR_LOOPBACK(&*ipv6) || (IN6_IS_ADDR_V4MAPPED(&*ipv6) && ipv6->s6_addr[12] == 127);
}

bool is_every_address(const std::string& host) {
  if (const auto ipv4 = as_ipv4(host)) return ipv4->s_addr == INADDR_ANY;
  const auto ipv6 = as_ipv6(host);
  if (!ipv6) return false;
  static constexpr std::uint8_t zeros[4] = {};
  return IN6_IS_ADDR_UNSPECIFIED(&*ipv6) ||
         (IN6_IS_ADDR_V4MAPPED(&*ipv6) && std::memcmp(ipv6->s6_addr + 12, zeros, sizeof zeros) == 0);
}

bool resolved_host::is_loopback() const {
  return !addresses.empty() && std::all_of(addresses.begin(), addresses.end(), is_loopback_address);
}

result<resolved_host> resolve_host(const std::string& host, name_lookup::resolver ask) {
  name_lookup names(std::move(ask));
  const auto found = names.find({host, 0}, question_limit(lookup_limit));
  if (!found) return error{"cannot resolve '" + host + "': " + found.message()};
  resolved_host out;
  for (const auto& each : *found) {
    auto text = numeric_host(each.get(), each.size);
    const bool known = std::find(out.addresses.begin(), out.addresses.end(), text) != out.addresses.end();
    if (!known && !text.empty()) out.addresses.push_back(std::move(text));
  }
  if (out.addresses.empty()) return error{"cannot resolve '" + host + "': it has no address"};
  return out;
}

} // namespace syngrad

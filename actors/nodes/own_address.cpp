#include "actors/nodes/own_address.hpp"

#include "actors/nodes/resolved_host.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

namespace syngrad {

namespace {

bool can_listen_at(const socket_address& where) {
  const int socket = ::socket(where.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool own = ::bind(socket, where.get(), where.size) == 0;
  ::close(socket);
  return own;
}

// Good on one cable only, and there with the name of an interface: no address to hand on.
bool is_link_local(const sockaddr* address) {
  if (address->sa_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 16 == 0xa9fe; // 169.254
  return IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// The address here that packets to elsewhere carry; empty where there is no way. A datagram socket that is connected
// has it, and sends nothing.
std::string address_towards_elsewhere() {
  sockaddr_in elsewhere{};
  elsewhere.sin_family = AF_INET;
  elsewhere.sin_port = htons(9);
  inet_pton(AF_INET, "192.0.2.1", &elsewhere.sin_addr); // of nobody: RFC 5737
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return "";
  sockaddr_storage here{};
  socklen_t size = sizeof here;
  auto* address = reinterpret_cast<sockaddr*>(&here);
  const bool known = ::connect(socket, reinterpret_cast<const sockaddr*>(&elsewhere), sizeof elsewhere) == 0 &&
                     ::getsockname(socket, address, &size) == 0;
  ::close(socket);
  return known ? numeric_host(address, size) : "";
}

std::vector<std::string> addresses_of_interfaces(bool with_ipv6) {
  ifaddrs* found = nullptr;
  if (::getifaddrs(&found) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(found, ::freeifaddrs);
  std::vector<std::string> out;
  for (const auto* each = found; each; each = each->ifa_next) {
    if (!each->ifa_addr || !(each->ifa_flags & IFF_UP)) continue;
    const auto family = each->ifa_addr->sa_family;
    if (family != AF_INET && !(with_ipv6 && family == AF_INET6)) continue;
    const auto size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    auto text = numeric_host(each->ifa_addr, static_cast<socklen_t>(size));
    if (!is_loopback_address(text) && !is_link_local(each->ifa_addr)) out.push_back(std::move(text));
  }
  return out;
}

} // namespace

bool is_own_address(const std::string& host) {
  name_lookup names;
  const auto addresses = names.find({host, 0}, question_limit(lookup_limit));
  return addresses && std::any_of(addresses->begin(), addresses->end(), can_listen_at);
}

std::vector<std::string> reachable_addresses(const std::string& listening) {
  if (!is_every_address(listening)) return {listening};
  auto out = addresses_of_interfaces(listening.find(':') != std::string::npos);
  const auto first = std::find(out.begin(), out.end(), address_towards_elsewhere());
  if (first != out.end()) std::rotate(out.begin(), first, first + 1);
  return out;
}

} // namespace syngrad

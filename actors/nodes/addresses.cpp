#include "actors/nodes/addresses.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <mutex>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace syngrad {

namespace {

using addresses = std::vector<socket_address>;

result<addresses> ask(const endpoint& where, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* found = nullptr;
  const auto code = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found);
  if (code != 0)
    return error::peer(code == EAI_SYSTEM ? std::generic_category().message(errno) : std::string(::gai_strerror(code)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, ::freeaddrinfo);
  addresses out;
  for (const auto* each = found; each; each = each->ai_next) {
    socket_address one;
    if (each->ai_addrlen > sizeof one.bytes) continue;
    std::memcpy(&one.bytes, each->ai_addr, each->ai_addrlen);
    one.size = each->ai_addrlen;
    out.push_back(one);
  }
  return out;
}

std::optional<in_addr> as_ipv4(const std::string& host) {
  in_addr out{};
  return inet_pton(AF_INET, host.c_str(), &out) == 1 ? std::optional(out) : std::nullopt;
}

// Without the scope (fe80::1%eth0), which says nothing about loopback.
std::optional<in6_addr> as_ipv6(const std::string& host) {
  in6_addr out{};
  return inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &out) == 1 ? std::optional(out) : std::nullopt;
}

bool can_listen_at(const socket_address& where) {
  const int socket = ::socket(where.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool own = ::bind(socket, where.get(), where.size) == 0;
  ::close(socket);
  return own;
}

// Link-local addresses are valid on one cable only, with the name of an interface: of no use to others.
bool is_link_local(const sockaddr* address) {
  if (address->sa_family == AF_INET)
    return ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr) >> 16 == 0xa9fe; // 169.254
  return IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// The source address of packets that leave this machine; empty: no route. A datagram socket that is connected
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

struct name_lookup::pending {
  endpoint where;
  stop_switch done; // pressed once there is an answer
  std::mutex mutex;
  std::optional<result<addresses>> answer; // guarded by the mutex
};

result<addresses> name_lookup::ask_system(const endpoint& where) {
  return ask(where, 0);
}

result<addresses> name_lookup::find(const endpoint& where, const question_limit& limit) {
  if (auto numeric = ask(where, AI_NUMERICHOST); numeric) return numeric; // needs no server
  if (!pending_ || !(pending_->where == where)) {
    const auto asked = std::make_shared<pending>();
    asked->where = where;
    if (asked->done.file() < 0) return error::resource("there are no file descriptors left");
    try {
      std::thread([asked, question = ask_] {
        auto answer = question(asked->where);
        const std::lock_guard lock(asked->mutex);
        asked->answer = std::move(answer);
        asked->done.press();
      }).detach();
    } catch (const std::system_error&) {
      return error::resource("there are no threads left");
    }
    pending_ = asked;
  }
  if (!limit.await(pending_->done.file(), POLLIN)) return error::peer("the name server does not answer in time");
  const auto asked = std::exchange(pending_, nullptr);
  const std::lock_guard lock(asked->mutex);
  return std::move(*asked->answer);
}

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
  if (!found) return found.failure().prefixed("cannot resolve '" + host + "': ");
  resolved_host out;
  for (const auto& each : *found) {
    auto text = numeric_host(each.get(), each.size);
    const bool known = std::find(out.addresses.begin(), out.addresses.end(), text) != out.addresses.end();
    if (!known && !text.empty()) out.addresses.push_back(std::move(text));
  }
  if (out.addresses.empty()) return error::peer("cannot resolve '" + host + "': it has no address");
  return out;
}

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

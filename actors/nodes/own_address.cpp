#include "actors/nodes/own_address.hpp"

#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace syngrad {

bool is_own_address(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), "0", &wanted, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  for (const auto* address = found; address; address = address->ai_next) {
    const int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) continue;
    const bool own = ::bind(socket, address->ai_addr, address->ai_addrlen) == 0;
    ::close(socket);
    if (own) return true;
  }
  return false;
}

} // namespace syngrad

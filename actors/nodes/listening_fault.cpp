#include "actors/nodes/listening_fault.hpp"

#include <cerrno>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace syngrad {

namespace {

// 0, or the errno.
int try_to_listen(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const auto failed = ::bind(socket, address.ai_addr, address.ai_addrlen) < 0 || ::listen(socket, 1) < 0 ? errno : 0;
  ::close(socket);
  return failed;
}

std::string remedy(int error_number) {
  switch (error_number) {
  case EADDRINUSE:
    return "; choose another port, or 0 for any free one";
  case EADDRNOTAVAIL:
    return "; it is no address of this machine: use *:PORT for all of its addresses, and --advertise for the one "
           "that others reach";
  case EACCES:
    return "; ports below 1024 are the administrator's: choose a higher one";
  default:
    return "";
  }
}

} // namespace

std::string listening_fault(const endpoint& where) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const auto code = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found);
  if (code != 0)
    return "cannot resolve '" + where.host + "': " + ::gai_strerror(code) + "; give an address of this machine";
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  int failed = 0;
  for (const auto* address = found; address && failed == 0; address = address->ai_next)
    failed = try_to_listen(*address);
  if (failed == 0) return "the port was in use a moment ago; try again";
  return std::generic_category().message(failed) + remedy(failed);
}

} // namespace syngrad

#include "actors/nodes/tcp_connection.hpp"

#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace syngrad {

namespace {

using milliseconds = std::chrono::milliseconds;

// 0, or the errno of the attempt.
int connect_within(int socket, const addrinfo& address, milliseconds limit) {
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd ready{socket, POLLOUT, 0};
  int count = 0;
  do count = ::poll(&ready, 1, static_cast<int>(limit.count()));
  while (count < 0 && errno == EINTR);
  if (count == 0) return ETIMEDOUT;
  int outcome = 0;
  socklen_t size = sizeof outcome;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &outcome, &size);
  return outcome;
}

void block_with_limit(int socket, milliseconds limit) {
  ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK);
  const timeval time{limit.count() / 1000, limit.count() % 1000 * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

std::string numeric_host(const sockaddr* address, socklen_t size) {
  char host[NI_MAXHOST] = "";
  ::getnameinfo(address, size, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
  return host;
}

} // namespace

tcp_connection::tcp_connection(tcp_connection&& other) noexcept
  : socket_(std::exchange(other.socket_, -1)), address_(std::move(other.address_)) {}

tcp_connection& tcp_connection::operator=(tcp_connection&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(address_, other.address_);
  return *this;
}

tcp_connection::~tcp_connection() {
  if (socket_ >= 0) ::close(socket_);
}

std::optional<tcp_connection::failure> tcp_connection::open(const endpoint& where, milliseconds limit) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto code = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wanted, &found);
  if (code != 0)
    return failure{0, code == EAI_SYSTEM ? std::generic_category().message(errno) : std::string(::gai_strerror(code))};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  failure last;
  for (const auto* address = found; address; address = address->ai_next) {
    tcp_connection attempt;
    attempt.socket_ =
      ::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    const auto failed = attempt.socket_ < 0 ? errno : connect_within(attempt.socket_, *address, limit);
    if (failed) {
      last = {failed, std::generic_category().message(failed)};
      continue;
    }
    attempt.address_ = {numeric_host(address->ai_addr, address->ai_addrlen), where.port};
    *this = std::move(attempt);
    block_with_limit(socket_, limit);
    return std::nullopt;
  }
  return last;
}

std::string tcp_connection::own_host() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* here = reinterpret_cast<sockaddr*>(&address);
  return ::getsockname(socket_, here, &size) == 0 ? numeric_host(here, size) : std::string();
}

} // namespace syngrad

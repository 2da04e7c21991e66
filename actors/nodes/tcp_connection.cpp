#include "actors/nodes/tcp_connection.hpp"

#include "actors/nodes/addresses.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace syngrad {

namespace {

// 0, or the errno of the attempt.
int connect_within(int socket, const socket_address& address, const question_limit& limit) {
  if (::connect(socket, address.get(), address.size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!limit.await(socket, POLLOUT)) return ETIMEDOUT;
  int outcome = 0;
  socklen_t size = sizeof outcome;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &outcome, &size);
  return outcome;
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

std::optional<tcp_connection::failure> tcp_connection::open(const endpoint& where, name_lookup& names,
                                                            const question_limit& limit) {
  const auto found = names.find(where, limit);
  if (!found) return failure{0, found.message()};
  failure last;
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto& address = (*found)[i];
    tcp_connection attempt;
    attempt.socket_ = ::socket(address.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const auto failed =
      attempt.socket_ < 0 ? errno : connect_within(attempt.socket_, address, limit.part_of(found->size() - i));
    if (failed) {
      last = {failed, std::generic_category().message(failed)};
      continue;
    }
    attempt.address_ = {numeric_host(address.get(), address.size), where.port};
    *this = std::move(attempt);
    return std::nullopt;
  }
  return last;
}

tcp_connection::received tcp_connection::receive(void* data, std::size_t size, const question_limit& limit) {
  using end = received::end;
  received out;
  while (out.bytes < size) {
    const auto got = ::recv(socket_, static_cast<char*>(data) + out.bytes, size - out.bytes, 0);
    if (got > 0)
      out.bytes += static_cast<std::size_t>(got);
    else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      if (!limit.await(socket_, POLLIN)) return {out.bytes, end::late};
    } else
      return {out.bytes, end::closed};
  }
  return out;
}

std::string tcp_connection::own_host() const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  auto* here = reinterpret_cast<sockaddr*>(&address);
  return ::getsockname(socket_, here, &size) == 0 ? numeric_host(here, size) : std::string();
}

} // namespace syngrad

#include "tests/support/relayed_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace syngrad::test {

namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 10;

} // namespace

relayed_connection::relayed_connection(int client, const sockaddr_in* to) : client_(client) {
  const int yes = 1;
  if (to) {
    server_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ::setsockopt(server_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::connect(server_, reinterpret_cast<const sockaddr*>(to), sizeof *to) != 0 && errno != EINPROGRESS) reset();
  }
  if (client_ >= 0) ::setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

relayed_connection::~relayed_connection() {
  close_both();
}

void relayed_connection::close_both() {
  for (auto* const each : {&client_, &server_})
    if (*each >= 0) ::close(std::exchange(*each, -1));
}

void relayed_connection::reset() {
  const linger at_once{1, 0};
  for (const int each : {client_, server_})
    if (each >= 0) ::setsockopt(each, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close_both();
}

// What a wire of this length holds; without a delay, little, so that who sends feels who does not read.
std::size_t relayed_connection::most_held(const relay_settings& settings) {
  return settings.delay.count() > 0 ? std::size_t{256} << 20 : 4 * block_bytes;
}

void relayed_connection::pass(const relay_settings& settings, relay_clock::time_point now, relay_counts& counts) {
  if (is_over() || now < settings.cut_until) return;
  if (!settings.stalled) {
    read_from(client_, up_, settings, now, counts, true);
    if (!is_over()) read_from(server_, down_, settings, now, counts, false);
  }
  if (!is_over()) write_to(server_, up_, settings, now, counts.bytes_up);
  if (!is_over()) write_to(client_, down_, settings, now, counts.bytes_down);
  if (up_.told_end && down_.told_end) close_both();
}

void relayed_connection::read_from(int fd, way& to, const relay_settings& settings, relay_clock::time_point now,
                                   relay_counts& counts, bool flips) {
  while (!to.ended && to.held < most_held(settings)) {
    block next{now, std::vector<char>(block_bytes), 0};
    const auto count = ::recv(fd, next.bytes.data(), block_bytes, 0);
    if (count < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ENOTCONN) reset();
      return;
    }
    if (count == 0) {
      to.ended = true;
      return;
    }
    next.due = relay_clock::now() + settings.delay; // `now` may be long ago on a busy machine
    next.bytes.resize(static_cast<std::size_t>(count));
    if (flips && settings.flip_every > 0) {
      const auto at = (to.read / settings.flip_every + 1) * settings.flip_every - to.read - 1;
      if (at < next.bytes.size()) {
        next.bytes[at] ^= 1;
        ++counts.flips;
      }
    }
    to.read += next.bytes.size();
    to.held += next.bytes.size();
    to.blocks.push_back(std::move(next));
  }
}

void relayed_connection::write_to(int fd, way& from, const relay_settings& settings, relay_clock::time_point now,
                                  std::uint64_t& total) {
  if (settings.bytes_per_second > 0) {
    const auto rate = static_cast<double>(settings.bytes_per_second);
    const auto since = std::chrono::duration<double>(now - from.allowed_at).count();
    from.allowance = std::min(rate / 20, from.allowance + rate * std::min(since, 1.0));
    from.allowed_at = now;
  }
  while (!from.blocks.empty() && from.blocks.front().due <= now) {
    auto& next = from.blocks.front();
    auto count = next.bytes.size() - next.written;
    if (settings.bytes_per_second > 0) count = std::min(count, static_cast<std::size_t>(from.allowance));
    if (count == 0) return;
    const auto done = ::send(fd, next.bytes.data() + next.written, count, MSG_NOSIGNAL);
    if (done < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ENOTCONN) reset();
      return;
    }
    const auto bytes = static_cast<std::size_t>(done);
    next.written += bytes;
    from.held -= bytes;
    from.passed += bytes;
    from.allowance -= static_cast<double>(bytes);
    total += bytes;
    if (next.written == next.bytes.size()) from.blocks.pop_front();
  }
  if (from.ended && from.blocks.empty() && !std::exchange(from.told_end, true)) ::shutdown(fd, SHUT_WR);
}

relay_clock::time_point relayed_connection::add_waits(const relay_settings& settings, relay_clock::time_point now,
                                                      std::vector<pollfd>& waits) const {
  auto next = now + std::chrono::hours(1);
  if (is_over()) return next;
  if (now < settings.cut_until) return settings.cut_until;
  short client = 0, server = 0;
  const auto consider = [&](const way& each, short& reader, short& writer) {
    if (!settings.stalled && !each.ended && each.held < most_held(settings)) reader |= POLLIN;
    if (each.blocks.empty()) return;
    if (each.blocks.front().due > now)
      next = std::min(next, each.blocks.front().due);
    else if (settings.bytes_per_second > 0 && each.allowance < 1)
      next = std::min(next, now + std::chrono::milliseconds(5));
    else
      writer |= POLLOUT;
  };
  consider(up_, client, server);
  consider(down_, server, client);
  if (client) waits.push_back({client_, client, 0});
  if (server) waits.push_back({server_, server, 0});
  return next;
}

} // namespace syngrad::test

#include "actors/nodes/connection_probe.hpp"

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/byte_channel.hpp"

#include <algorithm>
#include <array>
#include <caf/io/basp/header.hpp>
#include <cerrno>
#include <csignal>
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

using probe_outcome = probe_result::kind;

probe_result explain(const probe_target& target, const tcp_connection::failure& failed) {
  const auto& where = target.where;
  if (failed.error_number == 0)
    return {probe_outcome::unreachable,
            "cannot resolve '" + where.host + "' of " + to_text(where) + ": " + failed.what + "; mend " +
              target.named_by + ", or write a numeric address there",
            {}};
  if (failed.error_number == ECONNREFUSED)
    return {probe_outcome::refuses, port_refuses(where) + ": start the process there, or mend " + target.named_by, {}};
  return {probe_outcome::unreachable,
          "cannot reach " + to_text(where) + ": " + failed.what + "; check " + target.named_by +
            ", and that firewalls let TCP port " + std::to_string(where.port) + " through",
          {}};
}

// SSL_write to a closed connection raises SIGPIPE, which would end the process.
class without_broken_pipes {
public:
  without_broken_pipes() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~without_broken_pipes() {
    const timespec now{};
    while (sigtimedwait(&pipe_, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

private:
  sigset_t pipe_{}, before_{};
};

probe_result stranger(const probe_target& target) {
  return {probe_outcome::stranger,
          "what listens at " + to_text(target.where) + " is no syngrad process; check the port of " + target.named_by,
          {}};
}

// It may come back: a coordinator that is just started again behind a tunnel does so.
probe_result closed_at_once(const probe_target& target) {
  return {probe_outcome::unreachable,
          to_text(target.where) +
            " closed the connection at once: the process there is just ending, it speaks without TLS where this side "
            "has it (--tls-cert, --tls-key and --tls-ca on both sides, or on neither), or what forwards this port (a "
            "tunnel, a container, NAT) finds nobody behind it; check the port of " +
            target.named_by,
          {}};
}

// A CAF process speaks first (without TLS, in a record): operation (1 byte), padding (2), flags (1), length (4),
// protocol version (8, big-endian).
using greeting = std::array<char, caf::io::basp::header_size>;
probe_result judge(const probe_target& target, const greeting& header) {
  const auto greets = header[0] == static_cast<char>(caf::io::basp::message_type::server_handshake) && header[1] == 0 &&
                      header[2] == 0 && header[15] != 0;
  return greets ? probe_result{probe_outcome::open, {}, {}} : stranger(target);
}

// OpenSSL 3 has an error of its own where a connection ends without a word.
bool is_end_of_connection(unsigned long code) {
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
  return ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#else
  return code == 0;
#endif
}

probe_result no_tls(const probe_target& target, const std::string& why) {
  return {probe_outcome::untrusted,
          "no TLS with " + to_text(target.where) + " (" + why + "); give both sides --tls-cert, --tls-key and --tls-ca",
          {}};
}

probe_result explain_tls(const probe_target& target, SSL* connection, int returned) {
  const auto where = to_text(target.where);
  const auto reason = SSL_get_error(connection, returned);
  if (const auto chain = SSL_get_verify_result(connection); chain != X509_V_OK) {
    ERR_clear_error();
    return {probe_outcome::untrusted,
            "the certificate of " + where + " is not one of --tls-ca: " + X509_verify_cert_error_string(chain) +
              "; give both sides --tls-cert and --tls-ca of one CA, in date (`syngrad certs` issues them)",
            {}};
  }
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
    return {probe_outcome::silent,
            where + " accepts connections and says nothing: it is stopped, or no node; check the port of " +
              target.named_by,
            {}};
  const bool closed =
    reason == SSL_ERROR_SYSCALL || reason == SSL_ERROR_ZERO_RETURN || is_end_of_connection(ERR_peek_error());
  const auto words = take_openssl_error();
  if (closed) return closed_at_once(target);
  if (words.find("alert") != std::string::npos)
    return {probe_outcome::untrusted,
            where + " refuses the certificate of --tls-cert (" + words +
              "); give both sides --tls-cert and --tls-ca of one CA, in date (`syngrad certs` issues them)",
            {}};
  return no_tls(target, words);
}

// A step of OpenSSL on a socket that does not block: again whenever the socket is ready, within the limit.
template <class Step>
int repeat(SSL* connection, int socket, const question_limit& limit, Step step) {
  for (;;) {
    const int returned = step();
    if (returned > 0) return returned;
    const auto reason = SSL_get_error(connection, returned);
    const bool waits = reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
    if (!waits || !limit.await(socket, reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) return returned;
  }
}

probe_result ask_with_tls(const probe_target& target, tcp_connection& to, const tls_credentials& credentials,
                          const question_limit& limit) {
  const without_broken_pipes guard;
  ERR_clear_error();
  const auto connection = credentials.connection(tls_credentials::side::connects);
  auto* const tls = connection.get();
  SSL_set_fd(tls, to.socket());
  if (const auto returned = repeat(tls, to.socket(), limit, [&] { return SSL_connect(tls); }); returned != 1)
    return explain_tls(target, tls, returned);
  greeting header{};
  for (std::size_t have = 0; have < header.size();) {
    const auto got = repeat(tls, to.socket(), limit, [&] {
      return SSL_read(tls, header.data() + have, static_cast<int>(header.size() - have));
    });
    if (got <= 0) return explain_tls(target, tls, got);
    have += static_cast<std::size_t>(got);
  }
  return judge(target, header);
}

probe_result ask_plainly(const probe_target& target, tcp_connection& to, const question_limit& limit) {
  using end = tcp_connection::received::end;
  std::array<char, record_header_size + std::tuple_size_v<greeting>> first{};
  const auto got = to.receive(first.data(), first.size(), limit);
  if (got.how == end::complete) {
    if (!read_record_header(0, first.data())) return stranger(target);
    greeting header{};
    std::copy_n(first.data() + record_header_size, header.size(), header.data());
    return judge(target, header);
  }
  if (got.bytes > 0) return stranger(target);
  const auto where = to_text(target.where);
  if (got.how == end::late)
    return {probe_outcome::silent,
            where + " accepts connections and says nothing: it is stopped, or it wants TLS (--tls-cert, --tls-key, "
                    "--tls-ca)",
            {}};
  return closed_at_once(target);
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

std::string port_refuses(const endpoint& where) {
  return "nobody listens at " + to_text(where) + " (connection refused)";
}

probe_result probe_port(const probe_target& target, name_lookup& names, const question_limit& limit) {
  tcp_connection connection;
  if (const auto failed = connection.open(target.where, names, limit)) return explain(target, *failed);
  return {probe_outcome::open, {}, connection.address(), connection.own_host()};
}

probe_result probe_node(const probe_target& target, const tls_credentials* credentials, name_lookup& names,
                        const question_limit& limit) {
  tcp_connection connection;
  if (const auto failed = connection.open(target.where, names, limit)) return explain(target, *failed);
  auto out =
    credentials ? ask_with_tls(target, connection, *credentials, limit) : ask_plainly(target, connection, limit);
  // Who has no TLS closes at the first bytes of it, and what it said before may be lost then: on a second connection,
  // where nothing is said to it, it is heard.
  if (tcp_connection second; credentials && out.outcome == probe_outcome::unreachable &&
                             !second.open(connection.address(), names, limit) &&
                             ask_plainly(target, second, limit).outcome == probe_outcome::open)
    out = no_tls(target, "it speaks without");
  out.address = connection.address();
  out.own_host = connection.own_host();
  return out;
}

} // namespace syngrad

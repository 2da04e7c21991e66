#include "actors/nodes/connection_probe.hpp"

#include "actors/nodes/tcp_connection.hpp"

#include <array>
#include <caf/io/basp/header.hpp>
#include <cerrno>
#include <csignal>
#include <sys/socket.h>

namespace syngrad {

namespace {

using kind = probe_result::kind;

probe_result explain(const endpoint& where, const tcp_connection::failure& failed) {
  if (failed.error_number == 0)
    return {kind::unreachable,
            "cannot resolve '" + where.host + "': " + failed.what + "; check the name, or give an address",
            {}};
  if (failed.error_number == ECONNREFUSED)
    return {kind::refuses, "nobody listens at " + to_text(where) + " (connection refused)", {}};
  return {kind::unreachable,
          "cannot reach " + to_text(where) + ": " + failed.what +
            "; check the address and that firewalls let TCP port " + std::to_string(where.port) + " through",
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

// A CAF process speaks first: operation (1 byte), padding (2), flags (1), length (4), protocol version (8, big-endian).
probe_result judge_greeting(const endpoint& where, const std::array<char, caf::io::basp::header_size>& header) {
  const auto greets = header[0] == static_cast<char>(caf::io::basp::message_type::server_handshake) && header[1] == 0 &&
                      header[2] == 0 && header[15] != 0;
  if (greets) return {kind::open, {}, {}};
  return {kind::stranger, "what listens at " + to_text(where) + " is no syngrad process; check the port", {}};
}

probe_result explain_tls(const endpoint& where, SSL* connection, int returned) {
  const auto reason = SSL_get_error(connection, returned);
  if (const auto chain = SSL_get_verify_result(connection); chain != X509_V_OK) {
    ERR_clear_error();
    return {kind::untrusted,
            "the certificate of " + to_text(where) + " is not one of --tls-ca: " + X509_verify_cert_error_string(chain),
            {}};
  }
  if (reason == SSL_ERROR_WANT_READ)
    return {kind::silent, to_text(where) + " accepts connections and says nothing: it is stopped, or no node", {}};
  const auto words = take_openssl_error();
  if (words.find("alert") != std::string::npos)
    return {kind::untrusted, to_text(where) + " refuses the certificate of --tls-cert: " + words, {}};
  return {kind::untrusted,
          "no TLS with " + to_text(where) + " (" + words + "); give both sides --tls-cert, --tls-key and --tls-ca",
          {}};
}

probe_result ask_with_tls(const endpoint& where, int socket, const tls_credentials& credentials) {
  const without_broken_pipes guard;
  ERR_clear_error();
  const auto context = credentials.client_context();
  const ssl_handle connection(SSL_new(context.get()));
  SSL_set_fd(connection.get(), socket);
  if (const auto returned = SSL_connect(connection.get()); returned != 1)
    return explain_tls(where, connection.get(), returned);
  std::array<char, caf::io::basp::header_size> header{};
  const auto got = SSL_read(connection.get(), header.data(), static_cast<int>(header.size()));
  if (got <= 0) return explain_tls(where, connection.get(), got);
  return judge_greeting(where, header);
}

probe_result ask_plainly(const endpoint& where, int socket) {
  std::array<char, caf::io::basp::header_size> header{};
  const auto got = ::recv(socket, header.data(), header.size(), MSG_WAITALL);
  if (got == static_cast<ssize_t>(header.size())) return judge_greeting(where, header);
  if (got > 0)
    return {kind::stranger, "what listens at " + to_text(where) + " is no syngrad process; check the port", {}};
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return {kind::silent,
            to_text(where) + " accepts connections and says nothing: it is stopped, or it wants TLS (--tls-cert, "
                             "--tls-key, --tls-ca)",
            {}};
  return {kind::unreachable, to_text(where) + " closed the connection at once", {}};
}

} // namespace

probe_result probe_port(const endpoint& where, std::chrono::milliseconds limit) {
  tcp_connection connection;
  if (const auto failed = connection.open(where, limit)) return explain(where, *failed);
  return {kind::open, {}, connection.address(), connection.own_host()};
}

probe_result probe_node(const endpoint& where, const tls_credentials* credentials, std::chrono::milliseconds limit) {
  tcp_connection connection;
  if (const auto failed = connection.open(where, limit)) return explain(where, *failed);
  auto out =
    credentials ? ask_with_tls(where, connection.socket(), *credentials) : ask_plainly(where, connection.socket());
  out.address = connection.address();
  out.own_host = connection.own_host();
  return out;
}

} // namespace syngrad

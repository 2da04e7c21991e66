#include "actors/nodes/tls_channel.hpp"

namespace syngrad {

tls_channel::tls_channel(const tls_credentials& credentials, int socket, tls_credentials::side which)
  : connection_(credentials.connection(which)) {
  if (connection_) SSL_set_fd(connection_.get(), socket);
}

byte_channel::outcome tls_channel::read(char* data, std::size_t size) {
  if (!connection_) return {outcome::kind::over};
  ERR_clear_error();
  std::size_t bytes = 0;
  const auto returned = SSL_read_ex(connection_.get(), data, size, &bytes);
  return outcome_of(returned, bytes);
}

byte_channel::outcome tls_channel::write(const char* data, std::size_t size) {
  if (!connection_) return {outcome::kind::over};
  ERR_clear_error();
  std::size_t bytes = 0;
  const auto returned = SSL_write_ex(connection_.get(), data, size, &bytes);
  return outcome_of(returned, bytes);
}

bool tls_channel::holds_input() const {
  return connection_ && SSL_has_pending(connection_.get()) == 1;
}

byte_channel::outcome tls_channel::outcome_of(int returned, std::size_t bytes) const {
  if (returned == 1) return {outcome::kind::moved, bytes};
  switch (SSL_get_error(connection_.get(), returned)) {
  case SSL_ERROR_WANT_READ:
    return {outcome::kind::wants_read};
  case SSL_ERROR_WANT_WRITE:
    return {outcome::kind::wants_write};
  default:
    return {outcome::kind::over};
  }
}

} // namespace syngrad

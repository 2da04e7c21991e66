// A connection with TLS: the first bytes either way wait for its handshake, in which each side shows a certificate of
// the other's CA.
//
// OpenSSL keeps errors in a queue of the thread, and takes what another connection left there for its own: it is
// emptied before each call. SSL_write raises SIGPIPE where the other side is gone: block it on the thread that calls.
#pragma once

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/tls_credentials.hpp"

namespace syngrad {

class tls_channel : public byte_channel {
public:
  // The credentials outlive it.
  tls_channel(const tls_credentials&, int socket, tls_credentials::side);

  outcome read(char* data, std::size_t size) override;
  outcome write(const char* data, std::size_t size) override;
  bool holds_input() const override;

private:
  outcome outcome_of(int returned, std::size_t bytes) const;

  ssl_handle connection_; // null: OpenSSL has no memory for it
};

} // namespace syngrad

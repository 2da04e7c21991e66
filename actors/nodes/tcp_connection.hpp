// A TCP connection with limits of time, for questions to an address. Owns its socket; one thread at a time; blocks.
#pragma once

#include "actors/nodes/endpoint.hpp"

#include <chrono>
#include <optional>

namespace syngrad {

class tcp_connection {
public:
  struct failure {
    int error_number = 0; // of connect(); 0: the name was not resolved
    std::string what;
  };

  tcp_connection() = default;
  tcp_connection(tcp_connection&& other) noexcept;
  tcp_connection& operator=(tcp_connection&& other) noexcept;
  ~tcp_connection();

  // Tries every address of the host in turn. `limit` is for each, and then for every read and write.
  std::optional<failure> open(const endpoint&, std::chrono::milliseconds limit);

  int socket() const { return socket_; }
  const endpoint& address() const { return address_; } // numeric
  std::string own_host() const;                        // this machine's end, numeric; empty: not known

private:
  int socket_ = -1;
  endpoint address_;
};

} // namespace syngrad

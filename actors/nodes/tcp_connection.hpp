// A TCP connection for questions to an address, each within a limit of time. Owns its socket, which never blocks; one
// thread at a time.
#pragma once

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/endpoint.hpp"
#include "actors/nodes/limited_wait.hpp"

#include <optional>
#include <utility>

namespace syngrad {

class tcp_connection {
public:
  struct failure {
    int error_number = 0; // of connect(); 0: the name was not resolved
    std::string what;
  };
  struct received {
    std::size_t bytes = 0;
    enum class end { complete, late, closed } how = end::complete;
  };

  tcp_connection() = default;
  tcp_connection(tcp_connection&& other) noexcept;
  tcp_connection& operator=(tcp_connection&& other) noexcept;
  ~tcp_connection();

  // Tries every address of the host in turn; each gets its part of the time that is left.
  std::optional<failure> open(const endpoint&, name_lookup&, const question_limit&);
  // `size` bytes, unless the other side closes (or resets) the connection before or the limit is over.
  received receive(void* data, std::size_t size, const question_limit&);

  int socket() const { return socket_; }
  int release() { return std::exchange(socket_, -1); } // the caller closes it
  const endpoint& address() const { return address_; } // numeric
  std::string own_host() const;                        // this machine's end, numeric; empty: not known

private:
  int socket_ = -1;
  endpoint address_;
};

} // namespace syngrad

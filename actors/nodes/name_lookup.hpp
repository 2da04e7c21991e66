// Finds the addresses of a host within a limit of time.
//
// The system's own call has no limit: a name server that does not answer holds it for half a minute and more. It runs
// on a thread that nobody waits for and that touches nothing but what it shares with this object. While it runs,
// further questions for the same host wait for the same answer, so that there is one such thread for each object at
// most (and for each other host that it is asked for meanwhile).
//
// One thread at a time.
#pragma once

#include "actors/nodes/endpoint.hpp"
#include "actors/nodes/question_limit.hpp"

#include <functional>
#include <memory>
#include <sys/socket.h>
#include <vector>

namespace syngrad {

struct socket_address {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

class name_lookup {
public:
  // The system's call, replaced in tests: all addresses of a host, or why there are none.
  using resolver = std::function<result<std::vector<socket_address>>(const endpoint&)>;
  static result<std::vector<socket_address>> ask_system(const endpoint&);

  explicit name_lookup(resolver ask = ask_system) : ask_(std::move(ask)) {}

  result<std::vector<socket_address>> find(const endpoint&, const question_limit&);

private:
  struct pending;

  resolver ask_;
  std::shared_ptr<pending> pending_;
};

} // namespace syngrad

// How the connections of a process are made of sockets: with TLS or without, and counted.
#pragma once

#include "actors/nodes/node_scribe.hpp"
#include "actors/nodes/open_connections.hpp"
#include "actors/nodes/tls_credentials.hpp"

#include <memory>

namespace syngrad {

struct node_sockets {
  std::shared_ptr<const tls_credentials> credentials; // null: without TLS
  std::shared_ptr<open_connections> connections;      // not null

  // Takes over the socket. Any thread.
  caf::io::scribe_ptr make_scribe(caf::io::network::default_multiplexer&, int socket, node_stream::origin) const;
};

} // namespace syngrad

#include "actors/nodes/node_sockets.hpp"

#include "actors/nodes/record_channel.hpp"
#include "actors/nodes/tls_channel.hpp"

#include <caf/make_counted.hpp>

namespace syngrad {

caf::io::scribe_ptr node_sockets::make_scribe(caf::io::network::default_multiplexer& loop, int socket,
                                              node_stream::origin origin) const {
  std::unique_ptr<byte_channel> channel;
  if (credentials)
    channel = std::make_unique<tls_channel>(*credentials, socket,
                                            origin == node_stream::origin::accepted ? tls_credentials::side::accepts
                                                                                    : tls_credentials::side::connects);
  else
    channel = std::make_unique<record_channel>(socket);
  return caf::make_counted<node_scribe>(loop, socket, std::move(channel), origin, connections);
}

} // namespace syngrad

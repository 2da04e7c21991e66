// CAF's network module, with connections of our own (node_sockets) and with limits on what may be claimed in the header
// of a frame: a payload of any length, which CAF takes memory for at once (up to 4 GiB), or none in a handshake, which
// CAF 0.17 reads all the same (through a null pointer). A connection that claims either is closed before CAF looks at
// it, and so is a stranger's that says anything but a handshake.
//
// Load it in place of caf::io::middleman (caf::actor_system_config::module_factories). The checks run on the network's
// thread.
#pragma once

#include "actors/nodes/limited_wait.hpp"
#include "actors/nodes/node_sockets.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>

#include <cstddef>

namespace syngrad {

// A chunk of a link is 1 MiB at most, and so is everything else that nodes say.
constexpr std::size_t longest_frame = std::size_t{16} << 20;
// A handshake has a node's number, a port's actor and its interface.
constexpr std::size_t longest_greeting = std::size_t{4} << 10;

class bounded_middleman : public caf::io::middleman {
public:
  bounded_middleman(caf::actor_system&, node_sockets);

  caf::io::network::multiplexer& backend() override { return backend_; }
  void start() override;
  // What is still to be sent has two seconds.
  void stop() override;

  // Opens ports and makes connections.
  const caf::io::middleman_actor& connector() const { return connector_; }
  const node_sockets& sockets() const { return sockets_; }

private:
  // Owns what runs the sockets, as CAF's own module does.
  caf::io::network::default_multiplexer backend_;
  node_sockets sockets_;
  stop_switch stops_connecting_;
  caf::io::middleman_actor connector_;
};

} // namespace syngrad

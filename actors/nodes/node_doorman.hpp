// Takes connections at a port, as many as open_connections allows. Where descriptors run out, the one that waits is
// refused by means of a spare one: it would be announced again and again, and keep the network's thread busy for
// nothing.
//
// Threads: the network's, but for its making.
#pragma once

#include "actors/nodes/node_sockets.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/network/acceptor_impl.hpp>

namespace syngrad {

class node_doorman : public caf::io::doorman {
public:
  // Takes over the socket, which listens.
  node_doorman(caf::io::network::default_multiplexer&, int socket, node_sockets);
  ~node_doorman() override;

  void launch() override { acceptor_.start(this); }
  bool new_connection() override;
  void graceful_shutdown() override;
  std::string addr() const override;
  std::uint16_t port() const override;
  void add_to_loop() override { acceptor_.activate(this); }
  void remove_from_loop() override { acceptor_.passivate(); }

private:
  struct policy {
    node_doorman* owner;
    bool try_accept(int& socket, int listening) { return owner->accept(socket, listening); }
  };
  bool accept(int& socket, int listening);
  bool refuse_one(int listening); // false: not even that works now

  node_sockets sockets_;
  int spare_;
  caf::io::network::acceptor_impl<policy> acceptor_;
};

} // namespace syngrad

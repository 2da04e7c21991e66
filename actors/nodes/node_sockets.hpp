// The connections of a process: how they are made of sockets, taken at its ports and made to others.
#pragma once

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/limited_wait.hpp"
#include "actors/nodes/node_stream.hpp"
#include "actors/nodes/open_connections.hpp"
#include "actors/nodes/tls_credentials.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/acceptor_impl.hpp>

#include <memory>

namespace syngrad {

// How the connections of a process are made of sockets: with TLS or without, and counted.
struct node_sockets {
  std::shared_ptr<const tls_credentials> credentials; // null: without TLS
  std::shared_ptr<open_connections> connections;      // not null

  // Takes over the socket. Any thread.
  caf::io::scribe_ptr make_scribe(caf::io::network::default_multiplexer&, int socket, node_stream::origin) const;
};

// Takes connections at a port, as many as open_connections allows. Where descriptors run out, the one that waits is
// refused by means of a spare one: it would be announced again and again, and keep the network's thread busy for
// nothing.
//
// Threads: the network's, but for its making.
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

// CAF's actor that opens ports and makes connections, over node_sockets. A connection has five seconds to come about,
// and none once the process ends: CAF's own waits as long as the kernel likes.
class node_connector : public caf::io::middleman_actor_impl {
public:
  // The switch outlives the actor.
  node_connector(caf::actor_config&, caf::actor broker, node_sockets, const stop_switch* stop);

  const char* name() const override { return "connector"; }

protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host, std::uint16_t port) override;
  caf::expected<caf::io::doorman_ptr> open(std::uint16_t port, const char* host, bool reuse) override;

private:
  caf::io::network::default_multiplexer& loop();

  node_sockets sockets_;
  const stop_switch* stop_;
  name_lookup names_;
};

} // namespace syngrad

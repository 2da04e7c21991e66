// CAF's network module, with connections of our own: how they are made of sockets, taken at ports and made to others,
// and what may be claimed in the header of a frame.
#pragma once

#include "actors/nodes/addresses.hpp"
#include "actors/nodes/limited_wait.hpp"
#include "actors/nodes/node_stream.hpp"
#include "actors/nodes/tls_credentials.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/acceptor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <cstddef>
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

// A chunk of a link is 1 MiB at most, and so is everything else that nodes say.
constexpr std::size_t longest_frame = std::size_t{16} << 20;
// A handshake has a node's number, a port's actor and its interface.
constexpr std::size_t longest_greeting = std::size_t{4} << 10;

// CAF's network module with limits on what may be claimed in the header of a frame: a payload of any length, which CAF
// takes memory for at once (up to 4 GiB), or none in a handshake, which CAF 0.17 reads all the same (through a null
// pointer). A connection that claims either is closed before CAF looks at it, and so is a stranger's that says anything
// but a handshake.
//
// Load it instead of caf::io::middleman (caf::actor_system_config::module_factories). The checks run on the network's
// thread.
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

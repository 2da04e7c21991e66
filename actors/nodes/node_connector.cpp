#include "actors/nodes/node_connector.hpp"

#include "actors/nodes/node_doorman.hpp"
#include "actors/nodes/tcp_connection.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/make_counted.hpp>

#include <chrono>

namespace syngrad {

namespace {

constexpr std::chrono::seconds connects_within{5};

} // namespace

node_connector::node_connector(caf::actor_config& config, caf::actor broker, node_sockets sockets,
                               const stop_switch* stop)
  : middleman_actor_impl(config, std::move(broker)), sockets_(std::move(sockets)), stop_(stop) {}

caf::expected<caf::io::scribe_ptr> node_connector::connect(const std::string& host, std::uint16_t port) {
  tcp_connection connection;
  if (const auto failed = connection.open({host, port}, names_, question_limit(connects_within, stop_)))
    return caf::make_error(caf::sec::cannot_connect_to_node, failed->what, host, port);
  return sockets_.make_scribe(loop(), connection.release(), node_stream::origin::made);
}

caf::expected<caf::io::doorman_ptr> node_connector::open(std::uint16_t port, const char* host, bool reuse) {
  const auto socket = caf::io::network::new_tcp_acceptor_impl(port, host, reuse);
  if (!socket) return socket.error();
  return caf::io::doorman_ptr(caf::make_counted<node_doorman>(loop(), *socket, sockets_));
}

caf::io::network::default_multiplexer& node_connector::loop() {
  return static_cast<caf::io::network::default_multiplexer&>(system().middleman().backend());
}

} // namespace syngrad

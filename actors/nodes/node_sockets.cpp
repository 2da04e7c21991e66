#include "actors/nodes/node_sockets.hpp"

#include "actors/nodes/record_channel.hpp"
#include "actors/nodes/tcp_connection.hpp"
#include "actors/nodes/tls_channel.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/make_counted.hpp>

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace syngrad {

namespace {

int open_spare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

constexpr std::chrono::seconds connects_within{5};

} // namespace

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

node_doorman::node_doorman(caf::io::network::default_multiplexer& loop, int socket, node_sockets sockets)
  : doorman(caf::io::network::accept_hdl_from_socket(socket)), sockets_(std::move(sockets)), spare_(open_spare()),
    acceptor_(loop, socket, policy{this}) {}

node_doorman::~node_doorman() {
  if (spare_ >= 0) ::close(spare_);
}

bool node_doorman::accept(int& socket, int listening) {
  socket = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket >= 0) return true;
  const auto failed = errno;
  const bool none_left = failed == EMFILE || failed == ENFILE;
  if (none_left) sockets_.connections->close_oldest_stranger();
  if ((none_left && !refuse_one(listening)) || failed == ENOBUFS || failed == ENOMEM) {
    remove_from_loop();
    sockets_.connections->later([self = caf::intrusive_ptr<node_doorman>(this)] {
      if (!self->detached()) self->add_to_loop();
    });
  }
  return false;
}

bool node_doorman::refuse_one(int listening) {
  if (spare_ >= 0) ::close(std::exchange(spare_, -1));
  const auto refused = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  const bool out = refused >= 0 || (errno != EMFILE && errno != ENFILE);
  if (refused >= 0) ::close(refused);
  spare_ = open_spare();
  return out;
}

bool node_doorman::new_connection() {
  const auto socket = acceptor_.accepted_socket();
  // The loop may still have had an event of a doorman that its broker has let go.
  if (detached() || !sockets_.connections->make_room()) {
    ::close(socket);
    return false;
  }
  auto& loop = acceptor_.backend();
  auto scribe = sockets_.make_scribe(loop, socket, node_stream::origin::accepted);
  const auto handle = scribe->hdl();
  parent()->add_scribe(std::move(scribe));
  return doorman::new_connection(&loop, handle);
}

void node_doorman::graceful_shutdown() {
  const caf::intrusive_ptr<node_doorman> alive(this);
  acceptor_.graceful_shutdown();
  detach(&acceptor_.backend(), false);
}

std::string node_doorman::addr() const {
  const auto found = caf::io::network::local_addr_of_fd(acceptor_.fd());
  return found ? *found : std::string();
}

std::uint16_t node_doorman::port() const {
  const auto found = caf::io::network::local_port_of_fd(acceptor_.fd());
  return found ? *found : 0;
}

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

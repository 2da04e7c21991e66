#include "actors/nodes/node_doorman.hpp"

#include <caf/io/network/default_multiplexer.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace syngrad {

namespace {

int open_spare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

} // namespace

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

} // namespace syngrad

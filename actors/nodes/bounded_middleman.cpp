#include "actors/nodes/bounded_middleman.hpp"

#include "actors/nodes/byte_channel.hpp"
#include "actors/nodes/connection_probe.hpp"
#include "actors/sanitizers.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/make_counted.hpp>
#include <caf/scoped_actor.hpp>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace syngrad {

namespace {

int open_spare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

constexpr std::chrono::seconds connects_within{5};

namespace basp = caf::io::basp;

constexpr std::chrono::seconds last_words{2};

bool is_handshake(basp::message_type operation) {
  return operation == basp::message_type::server_handshake || operation == basp::message_type::client_handshake;
}

// A header of CAF 0.17's frames, 32 bytes, big-endian: operation u8, unused u16, flags u8, length of the payload u32,
// and then what depends on the operation.
bool acceptable(const std::vector<char>& header, bool from_stranger) {
  if (header.size() != basp::header_size) return false;
  std::uint32_t length = 0;
  for (std::size_t i = 4; i < 8; ++i) length = length << 8 | static_cast<unsigned char>(header[i]);
  const bool handshake = is_handshake(static_cast<basp::message_type>(header[0]));
  if (from_stranger) return handshake && length > 0 && length <= longest_greeting;
  return length <= longest_frame && !(handshake && length == 0);
}

// SSL_write to a closed connection raises it, and the error that it returns is enough. Blocked on this thread, it harms
// nobody.
void block_broken_pipes() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

class bounded_broker : public caf::io::basp_broker {
public:
  explicit bounded_broker(caf::actor_config& config)
    : basp_broker(config),
      connections_(static_cast<bounded_middleman&>(basp_broker::system().middleman()).sockets().connections) {}

  caf::behavior make_behavior() override {
    block_broken_pipes();
    return basp_broker::make_behavior();
  }

  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    tsan_acquire(&element);
    const auto& content = element.content();
    if (content.match_elements<caf::io::new_data_msg>()) return take_data(element);
    if (!content.empty() && content.match_element<caf::tick_atom>(0)) look();
    const auto out = basp_broker::consume(element);
    if (!content.empty() && content.match_element<caf::connect_atom>(0)) begin_their_time();
    return out;
  }

  // CAF's own leaves the mailbox open. What is in it, or comes later, keeps its sender alive: of a heartbeat that is
  // the broker itself, of other news an actor that CAF waits for.
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    close_all();
    return caf::scheduled_actor::cleanup(std::move(reason), host);
  }

private:
  caf::invoke_message_result take_data(caf::mailbox_element& element) {
    const auto& data = element.content().get_as<caf::io::new_data_msg>(0);
    const auto handle = data.handle;
    const auto known = ctx.find(handle);
    const bool is_header = known == ctx.end() || known->second.cstate == basp::await_header;
    const auto socket = static_cast<int>(handle.id());
    const bool from_stranger = connections_->is_stranger(socket);
    if (is_header && !acceptable(data.buf, from_stranger)) {
      connection_cleanup(handle, caf::sec::none);
      close(handle);
      return caf::invoke_message_result::consumed;
    }
    const auto out = basp_broker::consume(element);
    // Strangers have nothing but a handshake: this was its payload, and CAF took it.
    if (from_stranger && !is_header && ctx.count(handle) > 0) connections_->greeted(socket);
    return out;
  }

  // Not from within the broker, which hears of what is closed.
  void look() {
    abstract_broker::backend().post(
      [connections = connections_] { connections->look(open_connections::clock::now()); });
  }

  // CAF leaves the time of a connection that it makes at zero, and ends it at the next heartbeat.
  void begin_their_time() {
    for (auto& [handle, each] : ctx)
      if (each.last_seen == caf::actor_clock::time_point{}) each.last_seen = clock().now();
  }

  std::shared_ptr<open_connections> connections_;
};

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

bounded_middleman::bounded_middleman(caf::actor_system& system, node_sockets sockets)
  : middleman(system), backend_(&system), sockets_(std::move(sockets)) {}

// CAF asks for the broker by this name, and makes its own where there is none.
void bounded_middleman::start() {
  const auto broker = named_broker<bounded_broker>(caf::atom("BASP"));
  middleman::start();
  connector_ = system().spawn<node_connector, caf::detached + caf::hidden>(broker, sockets_, &stops_connecting_);
}

void bounded_middleman::stop() {
  stops_connecting_.press();
  {
    caf::scoped_actor self(system(), true);
    self->send_exit(connector_, caf::exit_reason::kill);
    self->wait_for(connector_);
    connector_ = nullptr;
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  std::thread patience([&] {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, last_words, [&] { return over; }))
      backend_.post([connections = sockets_.connections] { connections->cut_all(); });
  });
  middleman::stop();
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  changed.notify_one();
  patience.join();
}

} // namespace syngrad

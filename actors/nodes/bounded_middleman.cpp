#include "actors/nodes/bounded_middleman.hpp"

#include "actors/nodes/node_sockets.hpp"
#include "actors/tsan_annotations.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <thread>

namespace syngrad {

namespace {

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

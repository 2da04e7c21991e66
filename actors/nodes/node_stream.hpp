// The connections of a process in CAF's event loop: one of them, and what strangers may have of them all.
#pragma once

#include "actors/nodes/byte_channel.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/event_handler.hpp>
#include <caf/io/network/stream_manager.hpp>
#include <caf/io/receive_policy.hpp>
#include <caf/io/scribe.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace syngrad {

class open_connections;

// A connection in CAF's event loop: what CAF's own streams do, over a byte_channel.
//
//  state      event                                    then
//  stranger   CAF's handshake has come (greeted)       known
//  stranger   patience is over; room is needed         failed: its scribe says that it is closed
//  known      graceful_shutdown(), nothing to send     gone
//  known      graceful_shutdown()                      leaving: sends what is left
//  leaving    all is sent; patience is over            gone
//  stranger   graceful_shutdown()                      gone
//  any        the channel is over                      failed
//
// A channel that wants to read before it writes (TLS, in its handshake) is not asked again before there is something to
// read: CAF's own asks without end, for as long as a stranger is silent.
//
// Threads: the network's, once it is launched.
class node_stream : public caf::io::network::event_handler {
public:
  enum class origin { accepted, made };
  // `manager` owns this stream. Takes over the socket.
  node_stream(caf::io::network::default_multiplexer&, int socket, std::unique_ptr<byte_channel>, origin,
              std::shared_ptr<open_connections>, caf::io::network::stream_manager& manager);
  ~node_stream() override;

  void launch();
  void activate();
  void configure_read(caf::io::receive_policy::config);
  std::vector<char>& rd_buf() { return in_; }
  std::vector<char>& wr_buf() { return waiting_; }
  void flush();
  void fail();
  void cut(); // leaves the loop, whatever is still to be sent

  origin came() const { return origin_; }
  bool is_leaving() const { return state_.shutting_down; }

  void handle_event(caf::io::network::operation) override;
  void removed_from_loop(caf::io::network::operation) override;
  void graceful_shutdown() override;

private:
  using operation = caf::io::network::operation;
  using manager_ptr = caf::intrusive_ptr<caf::io::network::stream_manager>;

  void watch(operation, bool wanted);
  void watch_for_writing();
  void prepare_read();
  void read_some();
  void write_some();

  std::unique_ptr<byte_channel> channel_;
  origin origin_;
  std::shared_ptr<open_connections> connections_;
  caf::io::network::stream_manager& manager_;
  manager_ptr kept_for_reading_, kept_for_writing_; // while it is in the loop
  bool launched_ = false, over_ = false;
  bool write_waits_for_input_ = false, read_waits_for_output_ = false;

  caf::io::receive_policy_flag how_ = caf::io::receive_policy_flag::at_most;
  std::vector<char> in_; // what manager_ gets, once collected_ reaches threshold_
  std::size_t collected_ = 0, threshold_ = 1, most_ = 1024;
  std::vector<char> out_, waiting_; // out_ from written_ on is being sent, waiting_ comes after it
  std::size_t written_ = 0;
};

// A connection as CAF's broker sees it, over a node_stream.
//
// Threads: the network's, but for its making.
class node_scribe : public caf::io::scribe {
public:
  node_scribe(caf::io::network::default_multiplexer& loop, int socket, std::unique_ptr<byte_channel> channel,
              node_stream::origin origin, std::shared_ptr<open_connections> connections)
    : scribe(caf::io::network::conn_hdl_from_socket(socket)),
      stream_(loop, socket, std::move(channel), origin, std::move(connections), *this) {}

  void configure_read(caf::io::receive_policy::config how) override { stream_.configure_read(how); }
  void ack_writes(bool wanted) override { stream_.ack_writes(wanted); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(); }
  void add_to_loop() override { stream_.activate(); }
  void remove_from_loop() override { stream_.passivate(); }
  void graceful_shutdown() override {
    const caf::intrusive_ptr<node_scribe> alive(this);
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }

  std::string addr() const override {
    const auto found = caf::io::network::remote_addr_of_fd(stream_.fd());
    return found ? *found : std::string();
  }
  std::uint16_t port() const override {
    const auto found = caf::io::network::remote_port_of_fd(stream_.fd());
    return found ? *found : 0;
  }

private:
  node_stream stream_;
};

class node_stream;

// The connections of a process, and what strangers may have of them. A stranger is a connection over which CAF's
// handshake has not come yet; with TLS, that takes a certificate of our CA.
//
//  what is limited                    to                                               beyond
//  strangers that were accepted       64, at most a quarter of our descriptors         the oldest one is closed
//  a stranger's time                  --peer-timeout                                   it is closed
//  all that were accepted             half of our descriptors                          a new one is closed at once
//  the time to send what is left      --peer-timeout; once all has ended, two seconds  it is closed
//
// The oldest one, not the newest: a node needs milliseconds for its handshake, and so gets in among strangers that come
// as fast as they like.
//
// Threads: the network's.
class open_connections {
public:
  using clock = std::chrono::steady_clock;

  struct limits {
    std::size_t strangers = 64, accepted = 512;
    clock::duration patience = std::chrono::seconds(10);
  };
  // For a process that may open so many descriptors.
  static limits limits_for(std::size_t descriptors, clock::duration peer_timeout);

  explicit open_connections(limits given) : limits_(given) {}

  // Whether one more may be accepted; closes the oldest stranger where there are too many.
  bool make_room();
  bool close_oldest_stranger(); // false: there is none

  void add(node_stream&);
  void remove(node_stream&);
  void greeted(int socket);
  void leaves(node_stream&); // what is left to be sent has its time from now
  bool is_stranger(int socket) const;

  // Closes whose time is over; every now and then.
  void look(clock::time_point now);
  void cut_all();
  // Called at the next look, once.
  void later(std::function<void()> what) { later_.push_back(std::move(what)); }

private:
  enum class stage { stranger, known, leaving };
  struct entry {
    node_stream* stream;
    stage stands;
    clock::time_point since;
  };
  std::size_t count_accepted(stage) const;

  limits limits_;
  std::map<int, entry> by_socket_;
  std::vector<std::function<void()>> later_;
};

} // namespace syngrad

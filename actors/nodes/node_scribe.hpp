// A connection as CAF's broker sees it, over a node_stream.
//
// Threads: the network's, but for its making.
#pragma once

#include "actors/nodes/node_stream.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/scribe.hpp>

namespace syngrad {

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

} // namespace syngrad

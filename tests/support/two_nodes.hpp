// Two actor systems in one process, joined by CAF's own networking over loopback, with a link from the first to the
// second. Connections may go through a relay. Stands in for the actors that join nodes in a real run.
//
// Threads: one at a time; what arrives is read by it, too.
#pragma once

#include "actors/links/link_ends.hpp"

#include <caf/all.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace syngrad::test {

struct tls_files { // paths; empty: no TLS
  std::string certificate, key, authority;
};

struct two_nodes_setup {
  link_options options;
  tls_files tls;
  std::size_t threads = 2; // of each system
  bool link_back = false;  // a second link, from the second node to the first
  bool answers = false;    // what arrives at the second node is a credit, and goes back over link_back
};

class two_nodes {
public:
  explicit two_nodes(const two_nodes_setup&);
  ~two_nodes();

  std::uint16_t port() const; // where the second node listens
  // Connects the first node to `port` and tells both ends of the links. Throws std::runtime_error.
  void connect(std::uint16_t port);
  // Blocks until both nodes have noticed that the connection is lost, and tells both ends. CAF would answer over the
  // lost one else.
  void await_loss();

  caf::actor_system& here() { return here_->system; }
  caf::actor_system& there() { return there_->system; }
  // Where the messages of the link arrive, and for `link_back`.
  caf::scoped_actor& receiver() { return *receiver_; }
  caf::scoped_actor& receiver_here() { return *receiver_here_; }
  const caf::actor& link() const { return out_; }
  const caf::actor& link_back() const { return back_out_; }
  link_counters& sent() { return *sent_; }
  link_counters& received() { return *received_; }

private:
  struct node {
    explicit node(const two_nodes_setup&);
    caf::actor_system_config config;
    caf::actor_system system;
  };
  caf::actor find_gate(std::uint16_t port);

  std::unique_ptr<device> host_;
  std::unique_ptr<node> here_, there_;
  std::shared_ptr<link_counters> sent_ = std::make_shared<link_counters>();
  std::shared_ptr<link_counters> received_ = std::make_shared<link_counters>();
  std::optional<caf::scoped_actor> receiver_, receiver_here_, watcher_, watcher_there_;
  caf::actor out_, in_, back_out_, back_in_, gate_, answering_;
  bool tls_;
  std::uint16_t port_ = 0;
  std::uint64_t session_ = 0;
};

} // namespace syngrad::test

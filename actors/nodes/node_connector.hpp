// CAF's actor that opens ports and makes connections, over node_sockets. A connection has five seconds to come about,
// and none once the process ends: CAF's own waits as long as the kernel likes.
#pragma once

#include "actors/nodes/name_lookup.hpp"
#include "actors/nodes/node_sockets.hpp"
#include "actors/nodes/stop_switch.hpp"

#include <caf/io/middleman_actor_impl.hpp>

namespace syngrad {

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

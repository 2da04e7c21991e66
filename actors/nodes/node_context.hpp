// What gatekeeper and peers of a process share: who it is, what its user said, how it connects. Does not change once
// the actors run; any thread.
#pragma once

#include "actors/nodes/handshake.hpp"
#include "actors/nodes/network_settings.hpp"
#include "runtime/trace/trace_recorder.hpp"

#include <caf/io/middleman_actor.hpp>

#include <functional>

namespace syngrad {

struct node_context {
  network_settings settings;
  local_party self;
  std::function<void(const std::string&)> log; // lines for the user; called from any thread
};

// The actor that opens ports and makes connections, with TLS or without. It blocks while it connects.
caf::io::middleman_actor connector_of(caf::actor_system&);

} // namespace syngrad

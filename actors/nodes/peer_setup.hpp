// What a peer is told when it is made.
#pragma once

#include "actors/nodes/node_context.hpp"
#include "actors/nodes/peer_gauges.hpp"

#include <caf/all.hpp>

#include <memory>
#include <optional>

namespace syngrad {

struct peer_setup {
  std::shared_ptr<const node_context> context;
  caf::actor owner;          // hears of everything; when it ends, the peer ends
  std::uint8_t own_node = 0; // numbers in the run, for messages and clock samples
  std::uint8_t node = 0;
  process_identity expected;          // who it must be; instance 0, empty name: whoever proves to be somebody
  trace_recorder* recorder = nullptr; // of clock samples; outlives the peer
  std::shared_ptr<peer_gauges> gauges = std::make_shared<peer_gauges>(); // not null
};

// Connects, and connects again: to `setup.expected.address`. `role` as in handshake.hpp. Tries for `first_for_s`
// before it was ever connected (0: for ever).
caf::actor spawn_initiating_peer(caf::actor_system&, peer_setup, const std::string& role, double first_for_s = 0);
// Waits for the other process to connect: the gatekeeper hands it over (expect_peer, or as answer to a join_request).
// `setup.expected` is the process whose peer it is, and its address (port 0: none) is where its death shows.
caf::actor spawn_accepting_peer(caf::actor_system&, peer_setup);

} // namespace syngrad

// What gatekeeper and peers of a process are made with, and what a peer tells of its connection.
#pragma once

#include "actors/nodes/handshake.hpp"
#include "actors/nodes/network_settings.hpp"
#include "runtime/trace/trace_recorder.hpp"

#include <caf/all.hpp>
#include <caf/io/middleman_actor.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace syngrad {

// What gatekeeper and peers share: who their process is, what its user said, how it connects. Does not change once the
// actors run; any thread.
struct node_context {
  network_settings settings;
  local_party self;
  std::function<void(const std::string&)> log; // lines for the user; called from any thread
};

// The actor that opens ports and makes connections, with TLS or without. It blocks while it connects.
caf::io::middleman_actor connector_of(caf::actor_system&);

// How the connection to another process is, at any moment. Its peer sets this, and anybody reads it, without a message
// and so without waiting: the thread that takes a process through its run has others to wait for.
struct peer_gauges {
  enum class standing : std::uint8_t { expected, up, away, dead };

  std::atomic<standing> stands{standing::expected};
  std::atomic<std::int64_t> last_heard_ns{0}; // steady clock; 0: never
  std::atomic<std::int64_t> round_trip_ns{0}; // the least so far; 0: none yet
  std::atomic<double> bytes_per_second{0};    // 0: not measured
};

// "expected", "up", "away", "dead"
inline const char* name_of(peer_gauges::standing standing) {
  switch (standing) {
  case peer_gauges::standing::expected:
    return "expected";
  case peer_gauges::standing::up:
    return "up";
  case peer_gauges::standing::away:
    return "away";
  case peer_gauges::standing::dead:
    break;
  }
  return "dead";
}

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

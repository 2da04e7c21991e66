// Peers without a network: bring the ends of links of two "processes" together within this one, and do to them what a
// network does when a test says so.
#pragma once

#include "actors/nodes/peer_messages.hpp"

#include <caf/all.hpp>

#include <map>
#include <mutex>
#include <utility>

namespace syngrad::test {

class loop_peers {
public:
  explicit loop_peers(caf::actor_system& system) : system_(system) {}
  ~loop_peers();

  // The inbox of each process, before its first peer.
  void seat(std::uint8_t node, caf::actor owner);
  // The peer in process `here` that leads to `other`; both owners hear that it is up. Any thread.
  caf::actor peer(std::uint8_t here, std::uint8_t other);
  // As if process `node` had ended in order: the coordinator's hears that the connection is gone.
  void hang_up(std::uint8_t node);
  // As if the network between two processes, which have met, were lost, and as if it were back.
  void cut(std::uint8_t a, std::uint8_t b);
  void mend(std::uint8_t a, std::uint8_t b);
  // As if process `node` had been killed: everybody else hears of it, and so do their links.
  void kill(std::uint8_t node);

private:
  caf::actor make(std::uint8_t here, std::uint8_t other);

  caf::actor_system& system_;
  std::mutex mutex_;
  std::map<std::uint8_t, caf::actor> owners_;
  std::map<std::pair<std::uint8_t, std::uint8_t>, caf::actor> peers_; // here, other
};

} // namespace syngrad::test

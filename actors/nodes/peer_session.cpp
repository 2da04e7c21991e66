#include "actors/nodes/peer_session.hpp"

#include "actors/links/link_messages.hpp"

namespace syngrad {

namespace {

// A peer that offers ends of links without end is no peer of ours; a run has some hundreds at most.
constexpr std::size_t most_links = 1 << 14;

} // namespace

peer_session::peer_session(caf::actor_system& system, std::uint64_t number, session_port_handle port, caf::actor remote)
  : system_(system), number_(number), port_(std::move(port)), remote_(std::move(remote)) {}

void peer_session::add_local(std::uint32_t number, const caf::actor& link) {
  auto& joined = links_[number];
  joined.local = link;
  joined.port = session_port_handle(system_, link, session_port::start::held);
  caf::anon_send(remote_, link_offer{number_, number, joined.port.get()});
  join(joined);
}

void peer_session::add_remote(const link_offer& offer) {
  if (!offer.end || links_.size() >= most_links) return;
  auto& joined = links_[offer.number];
  if (joined.up) return;
  joined.remote = offer.end;
  join(joined);
}

void peer_session::forget(std::uint32_t number) {
  links_.erase(number);
}

// The other end may send as soon as its own peer has our offer: what comes is held until our link knows the session.
void peer_session::join(joint& joined) {
  if (!joined.local || !joined.remote || joined.up) return;
  joined.up = true;
  caf::anon_send(joined.local, link_up{joined.remote, number_});
  joined.port.open();
}

void peer_session::close(const std::string& why) {
  port_.close();
  for (auto& [number, joined] : links_) {
    joined.port.close();
    if (joined.up) caf::anon_send(joined.local, link_down{why});
  }
  links_.clear();
  remote_ = nullptr;
}

} // namespace syngrad

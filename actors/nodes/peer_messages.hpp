// The messages between gatekeeper, peers and their owners, all within one process.
//
//  from            to           message               when
//  owner           gatekeeper   set_owner             before anybody can join
//  owner           gatekeeper   expect_peer           the other process of an accepting peer will come
//  gatekeeper      owner        join_request -> admission    somebody passed the checks and wants to take part
//  gatekeeper      owner        roster_request -> roster     likewise, and wants to see who is there
//  gatekeeper      peer         arrival               its process is here, over a fresh connection
//  gatekeeper      peer         rival                 another process of the same name is here
//  owner           peer         register_link, forget_link
//  owner           peer         measure_rate          -> peer_rate, to the owner
//  owner           peer         keep_seat              (accepting) the run has begun: no other process takes its seat
//  owner           peer         leave_peer             no more of this; the peer ends
//  peer            owner        peer_waiting          not connected, and why; once for each reason
//  peer            owner        peer_up               connected: for the first time or again
//  peer            owner        peer_down             the connection is lost; it may come back
//  peer            owner        peer_dead             it will not; the peer ends
//  peer            links        link_up, link_down, link_dead    (actors/links/link_messages.hpp)
#pragma once

#include "actors/nodes/network_messages.hpp"
#include "actors/nodes/network_settings.hpp"

namespace syngrad {

struct set_owner {
  caf::actor owner;
};
struct expect_peer {
  std::string name;
  std::uint64_t instance = 0;
  caf::actor peer;
};
struct join_request {
  process_identity identity;
};
struct admission {
  caf::actor peer;     // an accepting peer, made for this process; null: refused
  std::string refusal; // a line for the other side
  bool again = false;  // it may ask again later
};
struct roster_request {};

struct arrival {
  hello said;
  std::vector<char> nonce; // of its challenge
  caf::actor remote;       // for this session
};
struct rival {
  hello said;
  caf::actor remote;
};

struct register_link { // a local end of a link; the other process registers its end under the same number
  std::uint32_t number = 0;
  caf::actor link;
};
struct forget_link {
  std::uint32_t number = 0;
};
struct measure_rate {                  // by bursts that grow until one takes long enough to be timed
  std::uint64_t most_bytes = 16 << 20; // of one burst
};
struct keep_seat {};
struct leave_peer {};

struct peer_waiting {
  std::uint8_t node = 0;
  std::string why;
};
struct peer_up {
  std::uint8_t node = 0;
  std::uint64_t session = 0; // grows with every connection
  process_identity identity;
};
struct peer_down {
  std::uint8_t node = 0;
  std::string why;
  double last_heard_s = 0; // ago
};
struct peer_dead {
  std::uint8_t node = 0;
  std::string why;
  double last_heard_s = 0; // ago; negative: never
};
struct peer_rate {
  std::uint8_t node = 0;
  double bytes_per_second = 0;
};

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::set_owner)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::expect_peer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::join_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::admission)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::roster_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::arrival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::rival)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::register_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::forget_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::measure_rate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::keep_seat)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::leave_peer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::peer_waiting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::peer_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::peer_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::peer_dead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::peer_rate)

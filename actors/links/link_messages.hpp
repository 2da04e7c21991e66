// The messages between links and the rest of their process. None of them crosses to another one, but control_message,
// which a link carries like the messages of actors/messages.hpp.
//
//  from            to                 message            when
//  peer actor      both links         link_up            there is a connection, or a new one
//  peer actor      both links         link_down          it is lost, and may come back
//  peer actor      both links         link_dead          it will not: the link ends with an error that says why
//  anybody         outgoing link      control_message    carried to the target of the other end, in order with the rest
//  anybody         outgoing link      drain_link         asks for link_drained, once all that was sent before is there
//  outgoing link   its owner          neighbour_away     once when the connection is lost
//  outgoing link   its owner          neighbour_back     once when both ends go on
#pragma once

#include "actors/messages.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

// `session` grows with every connection; both ends are told the same number.
struct link_up {
  caf::actor remote; // the actor of the other end, by a handle of this connection
  std::uint64_t session = 0;
};
struct link_down {
  std::string why;
};
struct link_dead {
  std::string why;
};

struct neighbour_away {
  message_context context;
};
struct neighbour_back {
  message_context context;
};

// Orders, weights, traces: `type` and `bytes` are the business of its ends.
struct control_message {
  message_context context;
  std::uint16_t type = 0;
  std::vector<char> bytes;
};

struct drain_link {
  caf::actor tell;
};
struct link_drained {
  message_context context;
  std::uint32_t number = 0; // of the link
};

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_dead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::neighbour_away)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::neighbour_back)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::control_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::drain_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_drained)

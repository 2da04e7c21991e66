// The messages between links and the rest of their process, none of which crosses, and the list of all that do
// (link_message). What a link says to actors of a run, and what it carries for them: actors/messages.hpp.
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
#include <variant>

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

struct drain_link {
  caf::actor tell;
};
struct link_drained {
  message_context context;
  std::uint32_t number = 0; // of the link
};

// Every message that can cross a link. A message's position in the list is its number on the wire: new ones come last.
using link_message =
  std::variant<activation, gradient, audit_gradient, credit, flush_mark, batch_done, evaluated, flushed, failure, train,
               resume_training, stop_training, evaluate, evaluation_begun, training_ended, report_request, report,
               control_message, gradients_wanted, batch_alone, evaluation_missed>;

inline const message_context& context_of(const link_message& message) {
  return std::visit([](const auto& each) -> const message_context& { return each.context; }, message);
}

} // namespace syngrad

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_dead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::drain_link)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(syngrad::link_drained)

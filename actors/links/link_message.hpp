// Every message that can cross a link. A message's place in the list is its number on the wire: new ones come last.
#pragma once

#include "actors/links/link_messages.hpp"

#include <variant>

namespace syngrad {

using link_message =
  std::variant<activation, gradient, audit_gradient, credit, flush_mark, batch_done, evaluated, flushed, failure, train,
               resume_training, stop_training, evaluate, evaluation_begun, training_ended, report_request, report,
               control_message, gradients_wanted, batch_alone, evaluation_missed>;

inline const message_context& context_of(const link_message& message) {
  return std::visit([](const auto& each) -> const message_context& { return each.context; }, message);
}

} // namespace syngrad

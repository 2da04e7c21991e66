// The receiving end of a link: hands the messages of its outgoing end to their target, in order and once each, with the
// contexts that they were sent with.
//
// Ends with an error where the other end sends what cannot be understood.
#pragma once

#include "actors/links/link_counters.hpp"
#include "actors/links/link_messages.hpp"
#include "actors/links/link_options.hpp"
#include "actors/message_tracer.hpp"
#include "runtime/device.hpp"

#include <caf/all.hpp>

#include <memory>
#include <string>

namespace syngrad {

struct incoming_link_setup {
  std::uint32_t number = 0;
  std::string title;
  caf::actor target;
  device* host = nullptr; // a CPU, not null: received tensors are made in its memory
  link_options options;
  std::shared_ptr<link_counters> counters; // null: nobody reads them
  std::uint16_t interface = no_interface;  // between groups, that it crosses; for the trace
};

caf::actor spawn_incoming_link(caf::actor_system&, actor_place, incoming_link_setup);

} // namespace syngrad

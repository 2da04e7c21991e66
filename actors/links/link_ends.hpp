// The two ends of a link, each in the process of one of the two actors that it joins.
#pragma once

#include "actors/link_counters.hpp"
#include "actors/links/link_messages.hpp"
#include "actors/links/wire_format.hpp"
#include "actors/message_tracer.hpp"
#include "runtime/device.hpp"

#include <caf/all.hpp>

#include <memory>
#include <string>

namespace syngrad {

// Stands in for one actor of another process: takes the messages that can cross (link_message) as if it were that
// one, and has them arrive there, in order and once each, whatever becomes of the connection.
//
// Reads a tensor once it is ready, from memory of the host; of another device, it has it copied there first. Holds a
// message until the other end has it.
struct outgoing_link_setup {
  std::uint32_t number = 0;
  std::string title;
  caf::actor owner;       // told of neighbour_away and neighbour_back; may be null
  caf::actor coordinator; // told of failures; may be null
  link_options options;
  device* source = nullptr;                // that computes the tensors which are sent; null: a CPU
  std::shared_ptr<link_counters> counters; // null: nobody reads them
  std::uint32_t neighbour = 0;             // actor id of whom it stands in for, for the trace; 0: not known
  edge_id edge = no_edge;                  // that it is part of; for the trace
};

caf::actor spawn_outgoing_link(caf::actor_system&, actor_context, outgoing_link_setup);

// The receiving end of a link: hands the messages of its outgoing end to their target, in order and once each, with the
// contexts that they were sent with.
//
// Ends with an error where the other end sends what cannot be understood.
struct incoming_link_setup {
  std::uint32_t number = 0;
  std::string title;
  caf::actor target;
  device* host = nullptr; // a CPU, not null: received tensors are made in its memory
  link_options options;
  std::shared_ptr<link_counters> counters; // null: nobody reads them
  edge_id edge = no_edge;                  // that it is part of; for the trace
};

caf::actor spawn_incoming_link(caf::actor_system&, actor_context, incoming_link_setup);

} // namespace syngrad

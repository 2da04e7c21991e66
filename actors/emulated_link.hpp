// One direction of an interface between two groups of this process, as if a network lay between them (--link): holds
// what the one sends until its time has come, in order. The actor system's clock does the waiting: a delay occupies no
// thread.
//
// A trace tells of it as of a link between processes: sent to the link, which handles it in no time, and later enqueued
// at the neighbour.
#pragma once

#include "actors/coordinator_actor.hpp"
#include "actors/emulated_network.hpp"
#include "actors/link_counters.hpp"
#include "actors/message_tracer.hpp"
#include "runtime/random.hpp"

#include <caf/all.hpp>

#include <memory>

namespace syngrad {

struct emulated_link_setup {
  int from = 0, to = 0; // groups
  link_conditions conditions;
  random_source random{0, 0};
  caf::actor target;
  std::shared_ptr<link_counters> counters;
  std::shared_ptr<run_state> state; // told until when something is on the way
};

caf::actor spawn_emulated_link(caf::actor_system&, actor_context, emulated_link_setup);

} // namespace syngrad

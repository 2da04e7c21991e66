// Builds the actors of a run and joins them: source, groups with their predictors and solvers, coordinator.
//
// A process may host only some of them: the groups that its plan places here and, where it has the data, source and
// coordinator. A link then stands in for each neighbour in another process; the actors do not know the difference.
#pragma once

#include "actors/coordinator_actor.hpp"
#include "actors/link_counters.hpp"
#include "actors/run_plan.hpp"

#include <caf/all.hpp>

#include <memory>
#include <vector>

namespace syngrad {

// The actors of a run in this process; a handle is null where its actor is elsewhere, or does not exist.
struct running_actors {
  caf::actor coordinator, source;
  std::vector<caf::actor> groups, predictors, solvers; // by group
  std::vector<caf::actor> links_up, links_down;        // emulated, between the group and the one above it
  std::vector<caf::actor> all;                         // that are here; the coordinator first
  // What comes to a group over links: counted by who makes them. By group; null where the group is not here.
  std::vector<std::shared_ptr<link_counters>> from_below, from_above;
  std::shared_ptr<run_state> state; // set by the coordinator
  std::uint16_t numbers_used = 0;   // of actor_context: more actors of this process go on from here
};

// What stands in for actors in other processes; null where the actor is here, or is nobody's neighbour here.
struct outside_actors {
  caf::actor coordinator, source;
  std::vector<caf::actor> groups; // by group, or empty: for their neighbours
  std::vector<caf::actor> asked;  // the same for the coordinator, where it has other ways to them; or empty
};

// Three steps, so that what stands in can be made in between. The plan's groups may be read again when the run has
// ended.
running_actors spawn_local_actors(caf::actor_system&, run_plan&);
// Every actor knows its neighbours before the first of their messages can come: mailboxes are in order.
void join_actors(const running_actors&, const outside_actors&);
// Where the coordinator is, when all of the run's actors are joined.
void start_run(const running_actors&, const outside_actors&, const run_plan&);

// All of it, in this process.
running_actors spawn_actors(caf::actor_system&, run_plan&);

} // namespace syngrad

// Builds the actors of a run and joins them: source, groups with their predictors and solvers, coordinator.
#pragma once

#include "actors/coordinator_actor.hpp"
#include "actors/run_plan.hpp"

#include <caf/all.hpp>

#include <memory>
#include <vector>

namespace syngrad {

struct running_actors {
  caf::actor coordinator;
  std::vector<caf::actor> all; // the coordinator first
  std::shared_ptr<run_state> state;
};

// Spawns and connects the actors and starts the run. The plan's groups may be read again when the run has ended.
running_actors spawn_actors(caf::actor_system&, run_plan&);

} // namespace syngrad

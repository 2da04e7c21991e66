// Builds the actors of a run and joins them: source, groups with their predictors and solvers, coordinator.
#pragma once

#include "actors/coordinator_actor.hpp"
#include "actors/settings.hpp"
#include "actors/update_observer.hpp"
#include "runtime/data/batch_order.hpp"
#include "runtime/trace/work_log.hpp"

#include <caf/all.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace syngrad {

// A run, checked and built, before any actor exists.
struct run_plan {
  training_settings settings;
  const dataset* data = nullptr;
  device* where = nullptr;
  training_observer observer;
  trace_recorder* trace = nullptr;          // null: no trace; else it outlives the run
  std::shared_ptr<update_observer> updates; // not null
  std::optional<batch_order> order;         // set by make_run_plan
  std::vector<std::int32_t> validation;
  learning_rate rate{1e-3f};
  learning_rate synthetic_rate{1e-3f};
  std::vector<stream*> streams; // of the groups
  std::vector<std::shared_ptr<layer_group>> groups;
  std::vector<std::string> units; // of the groups: "0-1"
  // One for each interface, with its stream; empty where the policy does not predict.
  std::vector<std::shared_ptr<synthetic_gradient_model>> predictors;
  std::vector<stream*> predictor_streams;
  std::shared_ptr<work_log> work; // null: no trace
};

// Everything checked that can be; says which setting is at fault.
result<run_plan> make_run_plan(training_settings, network, const dataset&, device&, training_observer,
                               trace_recorder* trace = nullptr);

struct running_actors {
  caf::actor coordinator;
  std::vector<caf::actor> all; // the coordinator first
  std::shared_ptr<run_state> state;
};

// Spawns and connects the actors and starts the run. The plan's groups may be read again when the run has ended.
running_actors spawn_actors(caf::actor_system&, run_plan&);

} // namespace syngrad

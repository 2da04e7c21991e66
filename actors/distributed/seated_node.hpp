// A node that takes part in a run, as the coordinator's process sees it: who it is, and the ways to it.
#pragma once

#include "actors/distributed/control_ends.hpp"

namespace syngrad {

struct seated_node {
  run_member who;
  caf::actor peer;
  control_ends control;
};

} // namespace syngrad

// Makes the ends that this process has of a run's links, joins its actors with what stands in for the others, and gives
// the ends to the peers, who bring them together with the other ends.
#pragma once

#include "actors/assembly.hpp"
#include "actors/distributed/link_routes.hpp"
#include "actors/links/link_options.hpp"

#include <functional>
#include <vector>

namespace syngrad {

struct run_links {
  struct end {
    link_route route;
    caf::actor actor;
  };
  std::vector<end> ends;
  outside_actors outside;
};

struct link_wiring {
  std::uint8_t here = 0;
  std::vector<std::uint8_t> node_of;                    // of each group
  std::function<caf::actor(std::uint8_t node)> peer_of; // of each process that a route leads to
  device* host = nullptr;                               // where tensors arrive; outlives the run
  link_options options;
};

// After spawn_local_actors(). `local` learns how many numbers the ends have taken, and their names.
run_links join_with_links(caf::actor_system&, const run_plan&, running_actors& local, const link_wiring&);

} // namespace syngrad

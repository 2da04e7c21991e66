// The CAF actor system of this process: how many threads, which scheduler, and how each thread computes.
#pragma once

#include "runtime/result.hpp"

#include <caf/all.hpp>

#include <memory>

namespace syngrad {

// How each thread of a system with this configuration computes, and what schedules its actors.
void configure_threads(caf::actor_system_config&, int threads, int intra_op);

// Fails, naming the limits, where this process may not start the threads of such a system, those that its operators
// start and `more`: to be asked before a system is made, for CAF cannot bear it.
status check_actor_threads(int threads, int intra_op, int more = 0);

// Owns a configuration together with the system that refers to it.
class owned_actor_system {
public:
  // `threads` run actors; an operator uses `intra_op` threads.
  owned_actor_system(int threads, int intra_op);
  ~owned_actor_system(); // waits for all actors

  caf::actor_system& get() { return *system_; }

private:
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
};

} // namespace syngrad

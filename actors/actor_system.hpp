// The CAF actor system of this process: how many threads, which scheduler, and how each thread computes.
#pragma once

#include <caf/all.hpp>

#include <memory>

namespace syngrad {

// How each thread of a system with this configuration computes, and what schedules its actors.
void configure_threads(caf::actor_system_config&, int threads, int intra_op);

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

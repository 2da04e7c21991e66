// Ends actors in order, but does not wait for ever.
#pragma once

#include <caf/all.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace syngrad {

// Asks all to exit and waits until they have. Returns the names of those that have not after `patience`: then their
// actor system cannot be destroyed. For the thread that takes a process through its run.
std::vector<std::string> stop_actors(caf::actor_system&, const std::vector<caf::actor>&,
                                     std::chrono::milliseconds patience = std::chrono::seconds(5));

} // namespace syngrad

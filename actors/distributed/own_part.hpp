// The end of a process's own part in a run: its actors are stopped, and what its devices held is told.
#pragma once

#include "actors/summary.hpp"
#include "runtime/device.hpp"

#include <caf/all.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace syngrad {

// Ends actors in order, but does not wait for ever.
//
// Asks all to exit and waits until they have. Returns the names of those that have not after `patience`: then their
// actor system cannot be destroyed. For the thread that takes a process through its run.
std::vector<std::string> stop_actors(caf::actor_system&, const std::vector<caf::actor>&,
                                     std::chrono::milliseconds patience = std::chrono::seconds(5));

// What the devices of this process hold: for the summary of a run over several.
//
// A row for each name; devices of the same name (the host's for what arrives, and the groups') are counted together.
std::vector<held_memory> memory_of(const std::vector<device*>&);

} // namespace syngrad

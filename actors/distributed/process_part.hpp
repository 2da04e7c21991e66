// A process's part in a run: how it is stopped, what its devices hold, how fast it is, what its actors wait for, and
// what is said when the process is gone.
#pragma once

#include "actors/distributed/control_messages.hpp"
#include "actors/nodes/peer_messages.hpp"
#include "actors/summary.hpp"
#include "runtime/device.hpp"

#include <caf/all.hpp>
#include <chrono>
#include <cstddef>
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

// Multiply-adds a second of float32 matrix products on `threads` threads of this machine.
//
// Takes two tenths of a second, which is enough to place groups by. The fastest of several rounds counts: other
// programs, and nodes that measure at the same moment, can only make a round slower.
double measure_host_rate(int threads);

// What a process waits for, as text that goes over a control link: bounded, and fit for a terminal whoever sent it.
inline constexpr std::size_t longest_waits_text = std::size_t{32} << 10;
inline constexpr std::chrono::milliseconds waits_patience{500}; // for a process's own actors, all of them together

// A line for each actor, and then for each peer. Blocks for at most waits_patience.
std::vector<std::string> waits_of_process(std::vector<caf::actor> actors, const std::vector<caf::actor>& peers);

// Joined; lines for which there is no room are counted in a last one.
std::string to_waits_text(const std::vector<std::string>& lines, std::size_t limit = longest_waits_text);
// What is no printable character is replaced, and what is too long cut.
std::vector<std::string> read_waits_text(const std::string& text);

// How a dead process is reported, wherever it is noticed first: who, why, its last sign of life, and what is lost.
// `title`: "node a". One line.
std::string describe_loss(const std::string& title, const peer_dead&, const std::vector<group_place>&);

// "group 1", "groups 1, 2"; empty where it has none.
std::string groups_on(std::uint8_t node, const std::vector<group_place>&);

} // namespace syngrad

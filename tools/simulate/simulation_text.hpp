// What `syngrad simulate` prints.
#pragma once

#include "actors/planned_memory.hpp"
#include "actors/simulation/simulated_run.hpp"
#include "runtime/sample_spec.hpp"

#include <string>

namespace syngrad::tools {

// A run that was simulated, and what was asked for.
struct told_simulation {
  const simulated_setup& setup;
  const simulated_run& run;
  const planned_memory& memory;
  std::int64_t steps = 0; // that were asked for
  counted_unit unit;
};

// How fast it is, a row for each node and one for each group.
std::string format_simulation_table(const told_simulation&);
// Keys: steps, simulated_steps, cut_short (a node was gone for good, so there are no more steps), seconds, steps_per_s,
// samples_per_s, step_s, thread_multiply_adds_per_s (of speed 1), link_message_s and link_byte_s (at either end of a
// link between nodes), nodes (groups, threads, busy, links_busy, failures, away_s, bytes_a_step that it sends,
// memory_bytes) and groups (node, units, updates, alone, which is batches that ended there, staleness, most_in_flight,
// dropped_targets, bytes_up_a_step, bytes_down_a_step, memory_bytes).
std::string format_simulation_json(const told_simulation&);

} // namespace syngrad::tools

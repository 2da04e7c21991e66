// Who takes part in a run, for people: what is shown of a process, and how it is asked for.
#pragma once

#include "actors/nodes/network_settings.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

// One process of a run, as `syngrad nodes` shows it. Whole numbers only: this crosses the network, where CAF spoils
// floating-point numbers.
struct roster_entry {
  std::uint8_t node = 0;
  std::string name;
  std::string host; // where its gatekeeper is reached
  std::uint16_t port = 0;
  std::string version;                // of its program
  std::string state;                  // "expected", "up", "away", "dead"
  std::string devices;                // "cpu, cuda:0"
  std::string groups;                 // "0-2"
  std::uint64_t bytes_per_second = 0; // what was measured between it and the coordinator; 0: not yet
  std::int64_t round_trip_ns = 0;     // the least one; 0: not yet
  std::int64_t last_heard_ms = -1;    // ago; -1: never, or the process that answers
};

// Asks a coordinator who is with it. Blocks; one thread. `settings.listen` stays empty: nobody asks back. Takes no
// longer than the limit, all steps together. The error names the address and what to do.
result<std::vector<roster_entry>> query_roster(const network_settings& settings, const endpoint& coordinator,
                                               std::chrono::seconds within);

} // namespace syngrad

// What a message between two processes costs their processors, found by sending some over loopback from one actor
// system of this process to another: with the links, peers and connection of a run.
//
// In processor time, so it is about the same on a machine that is busy with other things.
#pragma once

#include "actors/links/wire_format.hpp"
#include "actors/simulation/simulated_machines.hpp"
#include "runtime/result.hpp"

#include <cstddef>

namespace syngrad {

// Of each end, which is taken for half of both; `bytes`: of a large message. With `secured` by TLS, else with sums.
result<crossing_cost> measure_crossing(const link_options&, std::size_t bytes, bool secured);

} // namespace syngrad

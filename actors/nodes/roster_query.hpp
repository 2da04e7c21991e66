// Asks a coordinator who is with it. Blocks; one thread.
#pragma once

#include "actors/nodes/network_settings.hpp"
#include "actors/nodes/roster.hpp"

#include <chrono>
#include <vector>

namespace syngrad {

// `settings.listen` stays empty: nobody asks back. Takes no longer than the limit, all steps together. The error names
// the address and what to do.
result<std::vector<roster_entry>> query_roster(const network_settings& settings, const endpoint& coordinator,
                                               std::chrono::seconds within);

} // namespace syngrad

// What the devices of this process hold: for the summary of a run over several.
#pragma once

#include "actors/summary.hpp"
#include "runtime/device.hpp"

#include <vector>

namespace syngrad {

// A row for each name; devices of the same name (the host's for what arrives, and the groups') are counted together.
std::vector<held_memory> memory_of(const std::vector<device*>&);

} // namespace syngrad

// A group's weights where the host can read them.
#pragma once

#include "actors/run_plan.hpp"

#include <vector>

namespace syngrad {

// Parameters and state of a group that is in this process; copies, where its device's memory is not the host's. Waits
// for the device: for the thread that prepared the run, before its actors start or after they have ended.
std::vector<layer_group::named_tensor> host_weights_of(const planned_group&);

} // namespace syngrad

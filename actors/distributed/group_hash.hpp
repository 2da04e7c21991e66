// A number for what a group is before training: names, shapes and bytes of its weights, and how it will be trained. Two
// processes that built the same group find the same number.
#pragma once

#include "actors/run_plan.hpp"

#include <cstdint>

namespace syngrad {

// Of a group that is in this process. Waits for its device.
std::uint64_t hash_of_group(const run_plan&, std::size_t group);

} // namespace syngrad

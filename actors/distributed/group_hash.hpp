// A number for what a group is before training: its layers, names and shapes, how it will be trained, and initial
// weights of one of its layers. Two processes that build the same group find the same number; another build of the
// program, another seed or other initial values give another one.
//
// The weights are a sample, so that who only places a group can find its number without building it: of each group the
// largest layer of at most `most_sampled` numbers, and, where a layer is larger, a small one in its place that starts
// from the same random numbers. The rest of a group is made of the same seed by the same code.
#pragma once

#include "actors/group_outline.hpp"
#include "actors/run_plan.hpp"

#include <cstdint>

namespace syngrad {

inline constexpr std::int64_t most_sampled = 1 << 20;

// Of a group that is in this process, before training. Waits for its device.
std::uint64_t hash_of_group(const run_plan&, std::size_t group);

// Of a group that need not be anywhere. Builds what is sampled on `scratch`, one layer at a time, and drops it.
std::uint64_t hash_of_outline(const training_settings&, const group_outline&, device& scratch);

} // namespace syngrad

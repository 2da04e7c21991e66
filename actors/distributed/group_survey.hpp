// What the groups of a run cost and what they are before training, found from their layers: none of them is built.
#pragma once

#include "actors/distributed/node_placement.hpp"
#include "actors/group_outline.hpp"
#include "actors/run_plan.hpp"

#include <cstdint>
#include <vector>

namespace syngrad {

// A number for what a group is before training: its layers, names and shapes, how it will be trained, and initial
// weights of one of its layers. Two processes that build the same group find the same number; another build of the
// program, another seed or other initial values give another one.
//
// The weights are a sample, so that who only places a group can find its number without building it: of each group the
// largest layer of at most `most_sampled` numbers, and, where a layer is larger, a small one instead that starts
// from the same random numbers. The rest of a group is made of the same seed by the same code.
inline constexpr std::int64_t most_sampled = 1 << 20;

// Of a group that is in this process, before training. Waits for its device.
std::uint64_t hash_of_group(const run_plan&, std::size_t group);

// Of a group that need not be anywhere. Builds what is sampled on `scratch`, one layer at a time, and drops it.
std::uint64_t hash_of_outline(const training_settings&, const group_outline&, device& scratch);

struct group_survey {
  std::vector<placeable_group> costs; // bottom to top
  std::vector<std::uint64_t> hashes;  // likewise: every node must find the same
  std::vector<std::uint64_t> weight_bytes;
};

// A layer at a time of bounded size is on `scratch`. The message names the setting at fault.
result<group_survey> survey_groups(const training_settings&, const network&, device& scratch);

} // namespace syngrad

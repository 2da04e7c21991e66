// What the groups of a run cost and what they are before training, found from their layers: none of them is built.
#pragma once

#include "runtime/device.hpp"
#include "tools/distributed/node_placement.hpp"
#include "tools/train/train_options.hpp"

#include <vector>

namespace syngrad::tools {

struct group_survey {
  std::vector<placeable_group> costs; // bottom to top
  std::vector<std::uint64_t> hashes;  // likewise: every node must find the same
  std::vector<std::uint64_t> weight_bytes;
};

// `options`: resolved. A layer at a time of bounded size is on `scratch` (group_hash.hpp). The message names the option
// at fault.
result<group_survey> survey_groups(const train_options& options, device& scratch);

} // namespace syngrad::tools

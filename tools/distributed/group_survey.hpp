// What the groups of a run cost and what they are before training, found by building all of them here once.
#pragma once

#include "runtime/device.hpp"
#include "tools/distributed/node_placement.hpp"
#include "tools/train/train_options.hpp"

#include <vector>

namespace syngrad::tools {

struct group_survey {
  std::vector<placeable_group> costs; // bottom to top
  std::vector<std::uint64_t> hashes;  // likewise: every node must find the same
};

// `options`: resolved. What is built on `host` is gone afterwards. The message names the option at fault.
result<group_survey> survey_groups(const train_options& options, device& host);

} // namespace syngrad::tools

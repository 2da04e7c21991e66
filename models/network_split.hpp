// How a network is split into groups of nearly equal cost.
#pragma once

#include "models/network.hpp"

#include <vector>

namespace syngrad {

// How many units each group gets. `groups` groups of nearly equal cost: the split whose most expensive group is
// cheapest. Fails where there are more groups than units, or a layer does not fit.
result<std::vector<int>> split_evenly(const network&, int groups);

} // namespace syngrad

// What held a run up most, in words and with what may help: from the shares of time of its actors and threads.
#pragma once

#include "tools/trace/analysis/utilisation.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct bottleneck {
  double share = 0; // of the time
  std::string text; // a sentence
};

// The largest first, at most `most`. Shares below 2 % are none.
std::vector<bottleneck> find_bottlenecks(const utilisation&, const trace_names&, std::size_t most = 3);

} // namespace syngrad::tools

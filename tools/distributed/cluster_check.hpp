// What can be known of a run over several processes before any of them has joined.
#pragma once

#include "tools/train/train_options.hpp"

#include <set>
#include <string>

namespace syngrad::tools {

// `options`: their model is resolved. Whether the options about processes go together, and whether --place names groups
// and nodes that there will be. The message names the option.
status check_cluster(const train_options& options);

// The nodes that --place names; it has passed the check.
std::set<std::string> nodes_of_places(const std::string& places);

// Of every process with --listen: whether --advertise and --port-range have something to change.
status check_reach_options(const network_settings&);

} // namespace syngrad::tools

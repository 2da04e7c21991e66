// What can be known of a run over several processes before any of them has joined, and what --place says of it.
#pragma once

#include "actors/distributed/node_placement.hpp"
#include "tools/distributed/cluster_options.hpp"

#include <set>
#include <string>
#include <vector>

namespace syngrad::tools {

// Once its groups are known. Whether the options about processes go together, and whether --place names groups and
// nodes that there will be. The message names the option.
status check_cluster(const cluster_run&);

// Which group goes where, as --place says.
result<std::vector<group_place>> place_by_hand(const std::string& places, std::size_t groups,
                                               const std::vector<placeable_node>&);
// As `places` says, by cost where it is empty. Without being named, the coordinator (0) gets no group.
result<std::vector<group_place>> place_groups(const std::string& places, const std::vector<placeable_group>&,
                                              const std::vector<placeable_node>&);

// The nodes that --place names; it has passed the check.
std::set<std::string> nodes_of_places(const std::string& places);

// Of every process with --listen: whether --advertise and --port-range have something to change.
status check_reach_options(const network_settings&);

} // namespace syngrad::tools

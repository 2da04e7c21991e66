// What `syngrad train` is told about other processes, what --place says of them, and what of that can be checked before
// any of them has joined.
#pragma once

#include "actors/distributed/node_placement.hpp"
#include "actors/distributed/node_wait.hpp"
#include "actors/links/wire_format.hpp"
#include "actors/nodes/network_settings.hpp"
#include "actors/settings.hpp"
#include "tools/command_line/option_row.hpp"
#include "tools/devices/device_options.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace syngrad::tools {

struct cluster_options {
  network_settings network;
  std::string nodes;                // MIN or MIN:MAX; empty: no other processes, or as many as local_nodes
  int local_nodes = 0;              // processes that the run starts itself
  std::optional<double> wait_for_s; // for nodes; none: as long as it takes

  bool active() const { return local_nodes > 0 || !nodes.empty() || network.listen.has_value(); }
};

// All that a run over several processes is made from. It refers to what its owner keeps.
struct cluster_run {
  const run_settings& settings;
  const device_choice& devices;
  const cluster_options& cluster;
};

// `settings`: those of the run, some of which have their rows here.
std::vector<option_group> cluster_groups(cluster_options& target, run_settings& settings);
// Checks what belongs together. The message names the option.
result<node_count> node_count_of(const cluster_options&);

// Once its groups are known. Whether the options about processes go together, and whether --place names groups and
// nodes that there will be. The message names the option.
status check_cluster(const cluster_run&);

// Which group goes where, as --place says.
result<std::vector<group_place>> place_by_hand(const std::string& places, std::size_t groups,
                                               const std::vector<placeable_node>&);
// As `places` says, by cost where it is empty (`chunks`: see place_by_cost()). Without being named, the coordinator (0)
// gets no group.
result<std::vector<group_place>> place_groups(const std::string& places, const std::vector<placeable_group>&,
                                              const std::vector<placeable_node>&, int chunks = 1);

// The nodes that --place names; it has passed the check.
std::set<std::string> nodes_of_places(const std::string& places);

// Of every process with --listen: whether --advertise and --port-range have something to change.
status check_reach_options(const network_settings&);

} // namespace syngrad::tools

// What `syngrad train` is told about other processes.
#pragma once

#include "actors/distributed/node_wait.hpp"
#include "actors/links/wire_format.hpp"
#include "actors/nodes/network_settings.hpp"
#include "tools/command_line/option_row.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

struct cluster_options {
  network_settings network;
  std::string nodes;                // MIN or MIN:MAX; empty: no other processes, or as many as local_nodes
  int local_nodes = 0;              // processes that the run starts itself
  std::optional<double> wait_for_s; // for nodes; none: as long as it takes
  std::string wire = "f32";
  std::optional<int> max_alone; // until resolved: by policy

  bool active() const { return local_nodes > 0 || !nodes.empty() || network.listen.has_value(); }
};

std::vector<option_group> cluster_groups(cluster_options& target);
// Checks what belongs together. The message names the option.
result<node_count> node_count_of(const cluster_options&);
result<wire_format> parse_wire_format(const std::string& text);

} // namespace syngrad::tools

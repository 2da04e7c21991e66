// How `--local-nodes` starts a node: its command line, from the run's own.
#pragma once

#include "tools/distributed/cluster_options.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

std::string local_node_name(int number); // "local-1", counted from 1

// Where a process of this machine reaches one that listens at `listening`: loopback where that is every address.
endpoint local_address(const endpoint& listening);

// Of the process that starts nodes.
struct node_starter {
  endpoint listening;
  std::string name;
  std::string folder; // of the run: each node has its own in there, named like the node
};

// The words after `syngrad`. With TLS a node needs a certificate of its own, local-1.pem and local-1-key.pem, beside
// the run's; the message names the file that is missing and the command that makes all.
result<std::vector<std::string>> local_node_command(const cluster_run&, const node_starter&, int number);

} // namespace syngrad::tools

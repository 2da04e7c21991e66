// The options of `syngrad node`.
#pragma once

#include "actors/nodes/network_settings.hpp"
#include "tools/command_line/option_reader.hpp"

#include <optional>
#include <string>

namespace syngrad::tools {

struct node_options {
  node_options(); // the defaults

  std::optional<endpoint> join;
  std::optional<double> wait_for_s; // for the coordinator; none: as long as it takes
  std::string devices = "cpu";      // "cpu,cuda:0"
  int threads = 1;
  int intra_op = 1;
  std::string run;             // folder of what it saves; empty: a new one under runs/
  bool end_with_input = false; // the starter is gone when standard input ends
  bool help = false;
  network_settings network;
};

// Reads the command line; its rows refer to `target`, which outlives it.
option_reader make_node_option_reader(node_options& target);
std::string node_help(const option_reader&);

} // namespace syngrad::tools

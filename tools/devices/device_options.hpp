// The options that choose devices, shared by the commands that train: --device, --place, --precision, --cuda-graphs.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"
#include "tools/command_line/option_row.hpp"
#include "tools/devices/device_name.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct device_options {
  std::string device = "cpu";      // of every group that `place` does not name
  std::string place;               // see placement.hpp; empty: none is named
  std::string precision = "f32";   // of matrix products on CUDA devices
  std::string cuda_graphs = "off"; // on | off

  // Of every CUDA device, but for the ordinal.
  cuda_options for_cuda() const;
  bool graphs() const { return cuda_graphs == "on"; }
};

// Rows that refer to `target`, which outlives them.
option_row device_row(device_options& target);
option_row place_row(device_options& target);
option_row precision_row(device_options& target);
option_row cuda_graphs_row(device_options& target);

// The device of each of `groups` groups, bottom to top. Checks that the groups exist, and that options for CUDA
// devices meet one. The message names the option.
result<std::vector<device_name>> choose_devices(const device_options&, int groups);

} // namespace syngrad::tools

// How devices are chosen on the command line: their names, the grammar of --place, and the options --device, --place,
// --precision and --cuda-graphs, which the commands that train share.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/result.hpp"
#include "tools/command_line/option_row.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

// "cpu", "cuda:0"
struct device_name {
  std::optional<int> ordinal; // of a CUDA device, as the driver counts; none: the CPU

  bool is_cuda() const { return ordinal.has_value(); }
  std::string str() const { return ordinal ? "cuda:" + std::to_string(*ordinal) : "cpu"; }
};

// What looks like a device's name; whether there is such a device is found out when it is made.
result<device_name> parse_device_name(const std::string& text);

// What --place can say: which groups go where.
//
//   places = place { "," place }
//   place  = groups "=" [ node "/" ] device
//   groups = N | N "-" N                      first and last group, counted from 0 at the input
//   node   = letters, digits, "-", "_", "."
//   device = "cpu" | "cuda:" N
//
// No group may be named twice. Groups that are not named are placed by other means (--device).
struct placement {
  int first = 0, last = 0; // groups, both included
  std::string node;        // empty: this process
  device_name device;
};

// In the order in which they are written. Nothing for an empty text.
result<std::vector<placement>> parse_placements(const std::string& text);

struct device_choice {
  std::string device = "cpu"; // of every group that `place` does not name
  std::string place;          // as parse_placements() reads it; empty: none is named
};

// Of devices whose --precision is that, but for the ordinal.
cuda_options cuda_options_of(const std::string& precision);

struct device_options : device_choice {
  std::string precision = "f32";   // of matrix products on CUDA devices
  std::string cuda_graphs = "off"; // on | off

  cuda_options for_cuda() const { return cuda_options_of(precision); }
  bool graphs() const { return cuda_graphs == "on"; }
};

// Rows that refer to `target`, which outlives them.
option_row device_row(device_choice& target);
option_row place_row(device_choice& target);
option_row precision_row(device_options& target);
option_row cuda_graphs_row(device_options& target);

// The help of the last two, for the command whose rows are those of a run's settings.
inline constexpr const char* precision_help =
  "On CUDA devices, what matrix products round their factors to; weights and sums stay float32";
inline constexpr const char* cuda_graphs_help =
  "On CUDA devices, capture a group's work once and launch it as a whole: less time on the host";

// The device of each of `groups` groups, bottom to top. Checks that the groups exist, and that options for CUDA
// devices meet one. The message names the option.
result<std::vector<device_name>> choose_devices(const device_options&, int groups);

} // namespace syngrad::tools

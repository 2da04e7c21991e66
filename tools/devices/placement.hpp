// Which groups go where: what --place can say.
//
//   places = place { "," place }
//   place  = groups "=" [ node "/" ] device
//   groups = N | N "-" N                      first and last group, counted from 0 at the input
//   node   = letters, digits, "-", "_", "."
//   device = "cpu" | "cuda:" N
//
// No group may be named twice. Groups that are not named are placed by other means (--device).
#pragma once

#include "runtime/result.hpp"
#include "tools/devices/device_name.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct placement {
  int first = 0, last = 0; // groups, both included
  std::string node;        // empty: this process
  device_name device;
};

// In the order in which they are written. Nothing for an empty text.
result<std::vector<placement>> parse_placements(const std::string& text);

} // namespace syngrad::tools

// What a device of a run holds at its end.
#pragma once

#include <cstdint>
#include <string>

namespace syngrad::tools {

struct device_report {
  std::string name;
  std::string groups;                   // "0-2,4"
  std::uint64_t memory_bytes = 0;       // of its own memory
  std::uint64_t host_visible_bytes = 0; // pinned; 0 where its own memory is the host's
  std::uint64_t allocations = 0;        // times that either was taken from the system
};

} // namespace syngrad::tools

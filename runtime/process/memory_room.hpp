// How much memory this process can still take: of the machine, and within the limits of its control groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

struct memory_room {
  std::uint64_t bytes = 0;
  std::string
    limited_by; // the folder of the control group that leaves least; empty: the machine's memory is all that counts
};

// What files cache counts as room, for it is given back. None where the system does not tell. `root`: see
// control_groups.hpp.
std::optional<memory_room> find_memory_room(const std::string& root = "");

} // namespace syngrad

// Brings what a killed process left in its rings to where the rest of its trace is.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <string>

namespace syngrad::tools {

struct recovered_node {
  std::uint32_t node = 0;
  std::uint64_t records = 0;   // that were in the rings only
  std::uint64_t cut_bytes = 0; // of a chunk that was being written
};

// Cuts a torn end of the node's last segment, appends the records of `rings` (a path of a file of rings beside the
// segments), writes the end mark, and removes the file. Fails, and changes nothing, while the run still goes on or
// where the rings are damaged. May be repeated where it was interrupted.
result<recovered_node> recover_node(const std::string& rings);

} // namespace syngrad::tools

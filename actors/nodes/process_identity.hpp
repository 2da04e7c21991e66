// Who a process is. The instance is random: a process that was started again is another one, whatever its name.
#pragma once

#include "actors/nodes/endpoint.hpp"

#include <cstdint>
#include <string>

namespace syngrad {

struct process_identity {
  std::string name;
  std::uint64_t instance = 0;
  std::string version; // of the program
  endpoint address;    // where its gatekeeper is reached; port 0: nowhere
};

} // namespace syngrad

// The processor that the CPU device computes on.
#pragma once

#include <string>

namespace syngrad::tools {

struct host_processor {
  std::string name;    // "AMD EPYC 9R14"; empty where the system does not tell
  int cores = 0;       // that this process may use
  int vector_bits = 0; // of the widest float32 instructions; 0: not known
  std::string limit;   // why it may not use all; empty where it may
};

host_processor describe_host_processor();

} // namespace syngrad::tools

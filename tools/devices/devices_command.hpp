// `syngrad devices`: every device that can be computed on here, and why one cannot.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"

#include <string>

namespace syngrad::tools {

// The processor that the CPU device computes on.
struct host_processor {
  std::string name;    // "AMD EPYC 9R14"; empty where the system does not tell
  int cores = 0;       // that this process may use
  int vector_bits = 0; // of the widest float32 instructions; 0: not known
  std::string limit;   // why it may not use all; empty where it may
};

host_processor describe_host_processor();

std::string format_inventory_table(const host_processor&, const cuda_inventory&);
// As JSON: {"cpu": {"name", "cores", "vector_bits"}, "cuda": {"driver", "runtime", "problem", "devices": [{"device",
// "name", "compute_capability", "total_bytes", "free_bytes", "problem"}...]}}. What is not there is null.
std::string format_inventory_json(const host_processor&, const cuda_inventory&);

} // namespace syngrad::tools

// What `syngrad devices` shows: every device, and why one is not usable.
//
// As JSON: {"cpu": {"name", "cores", "vector_bits"}, "cuda": {"driver", "runtime", "problem", "devices": [{"device",
// "name", "compute_capability", "total_bytes", "free_bytes", "problem"}...]}}. What is not there is null.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"
#include "tools/devices/host_processor.hpp"

#include <string>

namespace syngrad::tools {

std::string format_inventory_table(const host_processor&, const cuda_inventory&);
std::string format_inventory_json(const host_processor&, const cuda_inventory&);

} // namespace syngrad::tools

// Ranges for NVIDIA's profilers (NVTX), where the program was built with SYNGRAD_NVTX.
#pragma once

#include "runtime/device.hpp"

#include <memory>

namespace syngrad::cuda {

std::unique_ptr<profiler_ranges> make_profiler_ranges(); // null without

} // namespace syngrad::cuda

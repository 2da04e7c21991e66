// The first GPU, for tests that need one.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"

#include <memory>

namespace syngrad {

// Ends the program as a skipped test where there is no usable one, with the reason.
std::unique_ptr<device> make_gpu_or_skip(const cuda_options& options);

} // namespace syngrad

// Whether this program's code runs on a device, found out by loading it there.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

namespace syngrad::cuda {

// `free_bytes` of the device's memory, where it succeeds.
cudaError_t probe(int ordinal, std::size_t& free_bytes);

} // namespace syngrad::cuda

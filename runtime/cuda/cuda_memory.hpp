// Where a CUDA device's pools get their memory from: the device's own, and pinned host memory that the device reads
// and writes by the same address. Both are slow to get, so both are only ever used through a pool.
#pragma once

#include "runtime/memory_pool.hpp"

#include <memory>

namespace syngrad::cuda {

std::unique_ptr<memory_source> make_device_memory(int ordinal);
std::unique_ptr<memory_source> make_pinned_memory(int ordinal);

} // namespace syngrad::cuda

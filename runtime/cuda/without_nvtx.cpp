#include "runtime/cuda/nvtx_ranges.hpp"

namespace syngrad::cuda {

std::unique_ptr<profiler_ranges> make_profiler_ranges() {
  return nullptr;
}

} // namespace syngrad::cuda

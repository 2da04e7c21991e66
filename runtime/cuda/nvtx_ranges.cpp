#include "runtime/cuda/nvtx_ranges.hpp"

#include <nvtx3/nvToolsExt.h>

namespace syngrad::cuda {

namespace {

class nvtx_ranges final : public profiler_ranges {
public:
  void begin(const char* name) override { nvtxRangePushA(name); }
  void end() override { nvtxRangePop(); }
};

} // namespace

std::unique_ptr<profiler_ranges> make_profiler_ranges() {
  return std::make_unique<nvtx_ranges>();
}

} // namespace syngrad::cuda

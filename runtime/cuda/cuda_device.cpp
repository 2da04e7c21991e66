#include "runtime/cuda/cuda_device.hpp"

#include "runtime/cuda/cuda_clock.hpp"
#include "runtime/cuda/cuda_graph.hpp"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/cuda_stream.hpp"
#include "runtime/memory_pool.hpp"
#include "runtime/text.hpp"

#ifdef SYNGRAD_NVTX
#include <nvtx3/nvToolsExt.h>
#endif

namespace syngrad::cuda {

// ---- memory

namespace {

class device_memory final : public memory_source {
public:
  explicit device_memory(int ordinal) : ordinal_(ordinal) {}

  void* allocate(std::size_t bytes) override {
    const call_site here{ordinal_, "allocate device memory"};
    const device_scope current(here);
    void* memory = nullptr;
    const auto outcome = cudaMalloc(&memory, bytes);
    if (outcome == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw out_of_memory(shortage(bytes));
    }
    check(here, outcome);
    return memory;
  }
  void deallocate(void* memory) noexcept override {
    cudaFree(memory); // after a fault it fails, and the process gives everything back when it ends
  }

private:
  std::string shortage(std::size_t bytes) const {
    std::size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    return "cuda:" + std::to_string(ordinal_) + ": too little memory: " + byte_size(bytes) + " asked for, " +
           byte_size(free) + " of " + byte_size(total) + " free";
  }

  int ordinal_;
};

class pinned_memory final : public memory_source {
public:
  explicit pinned_memory(int ordinal) : ordinal_(ordinal) {}

  void* allocate(std::size_t bytes) override {
    const call_site here{ordinal_, "pin host memory"};
    const device_scope current(here);
    void* memory = nullptr;
    const auto outcome = cudaHostAlloc(&memory, bytes, cudaHostAllocPortable | cudaHostAllocMapped);
    if (outcome == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw out_of_memory("cuda:" + std::to_string(ordinal_) + ": the host has no " + byte_size(bytes) +
                          " of memory left to pin (ulimit -l tells a limit)");
    }
    check(here, outcome);
    return memory;
  }
  void deallocate(void* memory) noexcept override { cudaFreeHost(memory); }

private:
  int ordinal_;
};

} // namespace

std::unique_ptr<memory_source> make_device_memory(int ordinal) {
  return std::make_unique<device_memory>(ordinal);
}

std::unique_ptr<memory_source> make_pinned_memory(int ordinal) {
  return std::make_unique<pinned_memory>(ordinal);
}

// ---- the device

namespace {

// What NVIDIA recommends for cuBLAS: with less, the fastest algorithms are not offered.
std::int64_t recommended_workspace(int ordinal) {
  int major = 0;
  check({ordinal, "ask for the compute capability"},
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, ordinal));
  return std::int64_t{major >= 9 ? 32 : 4} << 20;
}

// Copies between two devices then go directly where their connection allows; elsewhere the driver takes them through
// the host.
void enable_peer_access(int ordinal) {
  const call_site here{ordinal, "reach other devices"};
  check(here, cudaSetDevice(ordinal));
  int count = 0;
  check(here, cudaGetDeviceCount(&count));
  for (int peer = 0; peer < count; ++peer) {
    int reachable = 0;
    if (peer != ordinal) check(here, cudaDeviceCanAccessPeer(&reachable, ordinal, peer));
    if (!reachable) continue;
    const auto outcome = cudaDeviceEnablePeerAccess(peer, 0);
    if (outcome == cudaErrorPeerAccessAlreadyEnabled)
      cudaGetLastError();
    else
      check(here, outcome);
  }
}

constexpr std::size_t staging_pieces = 16; // of each size, so 64 MiB of the largest

// Ranges for NVIDIA's profilers (NVTX), where they are built in.
#ifdef SYNGRAD_NVTX
class nvtx_ranges final : public profiler_ranges {
public:
  void begin(const char* name) override { nvtxRangePushA(name); }
  void end() override { nvtxRangePop(); }
};

std::unique_ptr<profiler_ranges> make_profiler_ranges() {
  return std::make_unique<nvtx_ranges>();
}
#else
std::unique_ptr<profiler_ranges> make_profiler_ranges() {
  return nullptr;
}
#endif

} // namespace

cuda_device::cuda_device(const cuda_options& options)
  : options_(options), workspace_bytes_(recommended_workspace(options.ordinal)),
    events_(make_ordering_events(options.ordinal)), timed_events_(make_timed_events(options.ordinal)),
    staging_(make_pinned_memory(options.ordinal), staging_pieces), memory_(make_device_memory(options.ordinal), true),
    pinned_(make_pinned_memory(options.ordinal), true), operators_(std::make_unique<cuda_operators>(options)),
    profiler_(make_profiler_ranges()), notifier_(make_completion_notifier(options.completion)) {
  enable_peer_access(options.ordinal);
}

cuda_device::~cuda_device() {
  if (cudaSetDevice(options_.ordinal) == cudaSuccess) cudaDeviceSynchronize(); // a fault has been told before
}

stream& cuda_device::add_stream(stream_priority priority) {
  const std::lock_guard lock(mutex_);
  return *streams_.emplace_back(std::make_unique<cuda_stream>(*this, priority));
}

std::unique_ptr<recorded_work> cuda_device::record_work(stream& on, const std::function<void()>& enqueue) {
  return cuda_graph::record(cuda(on), enqueue);
}

cuda_clock& cuda_device::clock() {
  std::call_once(clock_wanted_, [this] {
    clock_ = std::make_shared<cuda_clock>(timed_events_, cuda(make_stream(stream_priority::high)));
  });
  return *clock_;
}

void cuda_device::synchronize() {
  const call_site here{options_.ordinal, "synchronize"};
  check(here, cudaSetDevice(options_.ordinal));
  check(here, cudaDeviceSynchronize());
}

} // namespace syngrad::cuda

#include "runtime/cuda/cuda_device.hpp"

#include "runtime/cuda/cuda_clock.hpp"
#include "runtime/cuda/cuda_operators.hpp"
#include "runtime/cuda/cuda_stream.hpp"
#include "runtime/device.hpp"
#include "runtime/memory_pool.hpp"
#include "runtime/text.hpp"

#include <cuda_runtime_api.h>
#include <fmt/core.h>
#include <functional>
#include <memory>

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
    return fmt::format("cuda:{}: too little memory: {} asked for, {} of {} free", ordinal_, byte_size(bytes),
                       byte_size(free), byte_size(total));
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

// ---- recorded work, as a CUDA graph: captured once, launched as a whole
//
// Capture goes by a stream beside the recorded one: other threads may record events on that at any time (when they give
// memory back), and those must neither become part of the graph nor spoil its capture.

namespace {

// Operators go to the capturing stream while it lasts.
class capture {
public:
  capture(cuda_stream& on, const call_site& from) : on_(on), from_(from), handle_(on.begin_capture()) {
    // Of this thread: what others do with the device meanwhile is their business.
    const auto outcome = cudaStreamBeginCapture(handle_, cudaStreamCaptureModeThreadLocal);
    if (outcome == cudaSuccess) return;
    on_.end_capture();
    fail(from_, outcome);
  }
  capture(const capture&) = delete;
  capture& operator=(const capture&) = delete;
  ~capture() {
    if (!ended_) abandon();
  }

  cudaGraph_t end() {
    ended_ = true;
    on_.end_capture();
    cudaGraph_t captured = nullptr;
    check(from_, cudaStreamEndCapture(handle_, &captured));
    return captured;
  }

private:
  void abandon() {
    on_.end_capture();
    cudaGraph_t captured = nullptr;
    if (cudaStreamEndCapture(handle_, &captured) == cudaSuccess && captured) cudaGraphDestroy(captured);
    cudaGetLastError();
  }

  cuda_stream& on_;
  call_site from_;
  cudaStream_t handle_;
  bool ended_ = false;
};

class cuda_graph final : public recorded_work {
public:
  // Captures what `enqueue` enqueues on `on`. Throws device_failure where something in it cannot be captured.
  static std::unique_ptr<cuda_graph> record(cuda_stream& on, const std::function<void()>& enqueue);

  ~cuda_graph() override; // a launch under way ends first
  cuda_graph(const cuda_graph&) = delete;
  cuda_graph& operator=(const cuda_graph&) = delete;

  void replay(stream& on) override;

private:
  explicit cuda_graph(cudaGraphExec_t launchable) : launchable_(launchable) {}

  cudaGraphExec_t launchable_;
};

std::unique_ptr<cuda_graph> cuda_graph::record(cuda_stream& on, const std::function<void()>& enqueue) {
  const auto here = on.site("record work (without --cuda-graphs it would run)");
  capture running(on, here);
  enqueue();
  auto* const captured = running.end();
  cudaGraphExec_t launchable = nullptr;
  const auto outcome = cudaGraphInstantiate(&launchable, captured, 0);
  cudaGraphDestroy(captured);
  check(here, outcome);
  auto made = std::unique_ptr<cuda_graph>(new cuda_graph(launchable));
  check(here, cudaGraphUpload(launchable, on.handle())); // or the first launch would be slow
  return made;
}

cuda_graph::~cuda_graph() {
  cudaGraphExecDestroy(launchable_); // CUDA frees it when it no longer runs
}

void cuda_graph::replay(stream& on) {
  auto& where = cuda(on);
  const auto here = where.enter("recorded work");
  check(here, cudaGraphLaunch(launchable_, where.handle()));
}

} // namespace

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

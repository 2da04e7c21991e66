#include "runtime/cuda/cuda_memory.hpp"

#include "runtime/cuda/device_scope.hpp"
#include "runtime/memory_pool.hpp"
#include "runtime/text.hpp"

namespace syngrad::cuda {

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

} // namespace syngrad::cuda

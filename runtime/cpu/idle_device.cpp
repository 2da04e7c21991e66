#include "runtime/cpu/idle_device.hpp"

#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/text.hpp"

#include <map>
#include <sys/mman.h>

namespace syngrad {

namespace {

// Addresses alone: a page exists once it is touched.
class address_space : public memory_source {
public:
  void* allocate(std::size_t bytes) override {
    void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw out_of_memory(byte_size(bytes) + " are more than this process has addresses for");
    sizes_[memory] = bytes;
    return memory;
  }
  void deallocate(void* memory) noexcept override {
    const auto found = sizes_.find(memory);
    ::munmap(memory, found->second);
    sizes_.erase(found);
  }

private:
  std::map<void*, std::size_t> sizes_; // the pool has a lock around it
};

class idle_stream : public host_stream {
public:
  explicit idle_stream(device& owner) : host_stream(owner, false) {}

protected:
  void defer(std::function<void()>) override {}
};

} // namespace

idle_device::idle_device()
  : pool_(std::make_unique<address_space>(), true), operators_(std::make_unique<cpu::cpu_operators>()) {}
idle_device::~idle_device() = default;

stream& idle_device::add_stream(stream_priority) {
  const std::lock_guard lock(mutex_);
  return *streams_.emplace_back(std::make_unique<idle_stream>(*this));
}

} // namespace syngrad

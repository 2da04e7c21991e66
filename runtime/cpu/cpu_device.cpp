#include "runtime/cpu/cpu_device.hpp"

#include "runtime/byte_size.hpp"
#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/host_stream.hpp"
#include "runtime/out_of_memory.hpp"

#include <unistd.h>

#include <new>

namespace syngrad {

namespace {

class host_memory : public memory_source {
public:
  void* allocate(std::size_t bytes) override {
    if (auto* const memory = ::operator new(bytes, alignment, std::nothrow)) return memory;
    const auto free =
      static_cast<std::size_t>(sysconf(_SC_AVPHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    throw out_of_memory("cpu: too little memory: " + byte_size(bytes) + " asked for, " + byte_size(free) + " free");
  }
  void deallocate(void* memory) noexcept override { ::operator delete(memory, alignment); }

private:
  static constexpr std::align_val_t alignment{64};
};

} // namespace

std::unique_ptr<memory_source> make_host_memory() {
  return std::make_unique<host_memory>();
}

cpu_device::cpu_device() : pool_(make_host_memory(), false), operators_(std::make_unique<cpu::cpu_operators>()) {}
cpu_device::~cpu_device() = default;

stream& cpu_device::add_stream(stream_priority) {
  const std::lock_guard lock(mutex_);
  return *streams_.emplace_back(std::make_unique<host_stream>(*this, true));
}

} // namespace syngrad

#include "runtime/cpu/cpu_device.hpp"

#include "runtime/cpu/cpu_operators.hpp"
#include "runtime/text.hpp"

#include <new>
#include <omp.h>
#include <unistd.h>

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

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

void flush_denormals() {
#ifdef __SSE2__
  constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  _mm_setcsr(_mm_getcsr() | flush_to_zero | denormals_are_zero);
#endif
}

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

void configure_compute_thread(int intra_op) {
  flush_denormals();
  // oneDNN runs on OpenMP: without this, every thread that calls it would open a team of its own of all processors.
  omp_set_num_threads(intra_op);
  if (intra_op > 1) {
#pragma omp parallel
    flush_denormals();
  }
}

} // namespace syngrad

// How much memory this process keeps, for tests that it does not grow: what is resident. Under a sanitizer that would
// say nothing (freed blocks stay in quarantine, and every access makes shadow memory resident), so there it is what the
// sanitizer's allocator has handed out and not got back, and the same limits hold.
#pragma once

#include <cstddef>
#include <fstream>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SYNGRAD_SANITIZED_MEMORY 1
extern "C" std::size_t __sanitizer_get_current_allocated_bytes(); // GCC has it, but no header that declares it
#endif

namespace syngrad::test {

inline std::size_t kept_kib() {
#ifdef SYNGRAD_SANITIZED_MEMORY
  return __sanitizer_get_current_allocated_bytes() / 1024;
#else
  constexpr std::size_t page_kib = 4;
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * page_kib;
#endif
}

} // namespace syngrad::test

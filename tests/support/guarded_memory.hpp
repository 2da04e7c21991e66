// Memory that the host may touch only while it is open: any other access ends the program with a segmentation fault,
// as reading a GPU's memory by its address would.
//
// Threads: one at a time.
#pragma once

#include "runtime/memory_pool.hpp"

#include <cstddef>

namespace syngrad::test {

class guarded_memory : public memory_source {
public:
  explicit guarded_memory(std::size_t most_bytes);
  ~guarded_memory() override;
  guarded_memory(const guarded_memory&) = delete;
  guarded_memory& operator=(const guarded_memory&) = delete;

  void* allocate(std::size_t bytes) override;
  void deallocate(void*) noexcept override {} // all of it goes at once

  void open();
  void close();

private:
  void protect(int how) const;

  std::byte* begin_;
  std::size_t most_bytes_, used_ = 0;
  bool open_ = false;
};

} // namespace syngrad::test

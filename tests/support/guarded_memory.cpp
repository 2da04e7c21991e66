#include "tests/support/guarded_memory.hpp"

#include "runtime/memory_pool.hpp"

#include <sys/mman.h>

#include <system_error>

namespace syngrad::test {

namespace {

constexpr std::size_t line = 64;

} // namespace

guarded_memory::guarded_memory(std::size_t most_bytes) : most_bytes_(most_bytes) {
  auto* const mapped = mmap(nullptr, most_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  begin_ = static_cast<std::byte*>(mapped);
}

guarded_memory::~guarded_memory() {
  munmap(begin_, most_bytes_);
}

void* guarded_memory::allocate(std::size_t bytes) {
  const auto size = (bytes + line - 1) / line * line;
  if (size > most_bytes_ - used_)
    throw out_of_memory("late: too little memory: " + std::to_string(bytes) + " B asked for, " +
                        std::to_string(most_bytes_ - used_) + " B free");
  auto* const taken = begin_ + used_;
  used_ += size; // by work, too: what it takes is open until it ends
  if (open_) open();
  return taken;
}

void guarded_memory::open() {
  open_ = true;
  protect(PROT_READ | PROT_WRITE);
}

void guarded_memory::close() {
  open_ = false;
  protect(PROT_NONE);
}

void guarded_memory::protect(int how) const {
  constexpr std::size_t page = 4096;
  const auto touched = (used_ + page - 1) / page * page; // the rest has never been open
  if (touched > 0 && mprotect(begin_, touched, how) != 0)
    throw std::system_error(errno, std::generic_category(), "mprotect");
}

} // namespace syngrad::test

// Where a CUDA device's pools get their memory from: the device's own, and pinned host memory that the device reads
// and writes by the same address. Both are slow to get, so both are only ever used through a pool.
#pragma once

#include "runtime/memory_pool.hpp"

#include <memory>
#include <new>
#include <string>

namespace syngrad::cuda {

// Says how much was asked for and what is free.
class out_of_device_memory : public std::bad_alloc {
public:
  explicit out_of_device_memory(std::string text) : text_(std::move(text)) {}
  const char* what() const noexcept override { return text_.c_str(); }

private:
  std::string text_;
};

std::unique_ptr<memory_source> make_device_memory(int ordinal);
std::unique_ptr<memory_source> make_pinned_memory(int ordinal);

} // namespace syngrad::cuda

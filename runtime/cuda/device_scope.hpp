// Makes a device current for the calling thread, and the one before again when it ends: for what may happen in the
// midst of another device's operator, as when a buffer returns to its pool.
#pragma once

#include "runtime/cuda/cuda_check.hpp"

namespace syngrad::cuda {

class device_scope {
public:
  explicit device_scope(const call_site& from) {
    check(from, cudaGetDevice(&before_));
    check(from, cudaSetDevice(from.ordinal));
  }
  device_scope(const device_scope&) = delete;
  device_scope& operator=(const device_scope&) = delete;
  ~device_scope() { cudaSetDevice(before_); }

private:
  int before_ = 0;
};

} // namespace syngrad::cuda

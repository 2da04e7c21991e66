// Every call of a CUDA library is checked here: a failure becomes one device_failure that says on which device, in
// which operation, and what CUDA said.
#pragma once

#include "runtime/stream.hpp"

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cusolverDn.h>
#include <string>

namespace syngrad::cuda {

// Where a call is made from. A stream fills it in for its operators; `recent` is asked for only in a failure.
struct call_site {
  int ordinal;
  const char* operation;
  const class operator_history* recent = nullptr; // the stream's, where there is one
};

[[noreturn]] void fail(const call_site& from, cudaError_t code);
[[noreturn]] void fail(const call_site& from, cublasStatus_t code);
[[noreturn]] void fail(const call_site& from, cusolverStatus_t code);

// Also takes the code from CUDA's memory of the calling thread, so that no later call reports it again.
inline void check(const call_site& from, cudaError_t code) {
  if (code != cudaSuccess) fail(from, code);
}
inline void check(const call_site& from, cublasStatus_t code) {
  if (code != CUBLAS_STATUS_SUCCESS) fail(from, code);
}
inline void check(const call_site& from, cusolverStatus_t code) {
  if (code != CUSOLVER_STATUS_SUCCESS) fail(from, code);
}

// "an illegal memory access was encountered (cudaErrorIllegalAddress)"
std::string describe(cudaError_t code);
// Whether the code tells of work that broke earlier, after which the device is of no use to this process.
bool is_fault_of_earlier_work(cudaError_t code);

// Makes a device current for the calling thread, and the one before again when it ends: for what may happen in the
// midst of another device's operator, as when a buffer returns to its pool.
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

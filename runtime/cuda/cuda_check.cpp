#include "runtime/cuda/cuda_check.hpp"

#include "runtime/cuda/operator_history.hpp"

namespace syngrad::cuda {

namespace {

std::string location(const call_site& from) {
  return "cuda:" + std::to_string(from.ordinal) + ": " + from.operation + ": ";
}

std::string suspects(const call_site& from) {
  const auto recent = from.recent ? from.recent->recent() : std::string{};
  return recent.empty() ? "" : "; last enqueued on this stream, newest first: " + recent;
}

// The status of a library call hides the fault of a kernel that ran before it.
[[noreturn]] void fail_in_library(const call_site& from, const std::string& said) {
  const auto underlying = cudaGetLastError();
  if (is_fault_of_earlier_work(underlying)) fail(from, underlying);
  throw device_failure(location(from) + said);
}

} // namespace

std::string describe(cudaError_t code) {
  return std::string(cudaGetErrorString(code)) + " (" + cudaGetErrorName(code) + ")";
}

bool is_fault_of_earlier_work(cudaError_t code) {
  switch (code) {
  case cudaErrorIllegalAddress:
  case cudaErrorLaunchFailure:
  case cudaErrorLaunchTimeout:
  case cudaErrorAssert:
  case cudaErrorHardwareStackError:
  case cudaErrorIllegalInstruction:
  case cudaErrorMisalignedAddress:
  case cudaErrorInvalidAddressSpace:
  case cudaErrorInvalidPc:
  case cudaErrorECCUncorrectable:
    return true;
  default:
    return false;
  }
}

void fail(const call_site& from, cudaError_t code) {
  cudaGetLastError();
  if (!is_fault_of_earlier_work(code)) throw device_failure(location(from) + describe(code));
  throw device_failure(location(from) + "work enqueued earlier on this device has failed: " + describe(code) +
                       suspects(from));
}

void fail(const call_site& from, cublasStatus_t code) {
  fail_in_library(from,
                  "cuBLASLt: " + std::string(cublasLtGetStatusString(code)) + " (" + cublasLtGetStatusName(code) + ")");
}

void fail(const call_site& from, cusolverStatus_t code) {
  fail_in_library(from, "cuSOLVER: status " + std::to_string(code));
}

} // namespace syngrad::cuda

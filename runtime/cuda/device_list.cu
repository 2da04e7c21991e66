// Finds the devices, and says of each whether and why not it can be used.
#include "runtime/cuda/cuda_check.hpp"
#include "runtime/cuda/cuda_device.hpp"
#include "runtime/cuda/cuda_devices.hpp"

namespace syngrad {

namespace {

using namespace cuda;

// Whether this program's code runs on a device is found out by loading this there.
__global__ void nothing() {}

cudaError_t attempt(int ordinal, std::size_t& free_bytes) {
  if (const auto outcome = cudaSetDevice(ordinal); outcome != cudaSuccess) return outcome;
  cudaFuncAttributes attributes{};
  if (const auto outcome = cudaFuncGetAttributes(&attributes, nothing); outcome != cudaSuccess) return outcome;
  std::size_t total = 0;
  return cudaMemGetInfo(&free_bytes, &total);
}

// Loads it, and sets `free_bytes` of the device's memory where that succeeds.
cudaError_t probe(int ordinal, std::size_t& free_bytes) {
  const auto outcome = attempt(ordinal, free_bytes);
  if (outcome != cudaSuccess) cudaGetLastError();
  return outcome;
}

// Why there are no devices at all; empty where there are.
std::string reason_for_none(cudaError_t outcome, int driver, int count) {
  if (driver == 0) return "no NVIDIA driver is loaded (nvidia-smi tells more)";
  if (outcome == cudaErrorInsufficientDriver)
    return "the driver is too old: it supports CUDA " + version_text(driver) + ", this program needs " +
           version_text(CUDART_VERSION) + " (update the driver)";
  if (outcome != cudaSuccess && outcome != cudaErrorNoDevice) return describe(outcome);
  if (count == 0) return "the driver sees no device (CUDA_VISIBLE_DEVICES hides some where it is set)";
  return "";
}

bool has_no_code(cudaError_t outcome) {
  return outcome == cudaErrorNoKernelImageForDevice || outcome == cudaErrorInvalidDeviceFunction ||
         outcome == cudaErrorUnsupportedPtxVersion;
}

cuda_device_summary summarise(int ordinal) {
  cuda_device_summary out;
  out.ordinal = ordinal;
  cudaDeviceProp properties{};
  if (const auto outcome = cudaGetDeviceProperties(&properties, ordinal); outcome != cudaSuccess) {
    cudaGetLastError();
    out.problem = describe(outcome);
    return out;
  }
  out.name = properties.name;
  out.compute_capability = std::to_string(properties.major) + "." + std::to_string(properties.minor);
  out.total_bytes = properties.totalGlobalMem;
  const auto outcome = probe(ordinal, out.free_bytes);
  if (has_no_code(outcome))
    out.problem = "this program has no code for compute capability " + out.compute_capability +
                  ": configure with -DCMAKE_CUDA_ARCHITECTURES=" + std::to_string(properties.major) +
                  std::to_string(properties.minor);
  else if (outcome != cudaSuccess)
    out.problem = describe(outcome);
  return out;
}

struct found {
  int driver = 0, count = 0;
  std::string problem;
};

found look() {
  found out;
  if (cudaDriverGetVersion(&out.driver) != cudaSuccess) out.driver = 0;
  const auto outcome = cudaGetDeviceCount(&out.count);
  cudaGetLastError();
  if (outcome != cudaSuccess) out.count = 0;
  out.problem = reason_for_none(outcome, out.driver, out.count);
  return out;
}

} // namespace

cuda_inventory list_cuda_devices() {
  const auto system = look();
  cuda_inventory out{.driver = system.driver ? version_text(system.driver) : "",
                     .runtime = version_text(CUDART_VERSION),
                     .devices = {},
                     .problem = system.problem};
  for (int ordinal = 0; ordinal < system.count; ++ordinal) out.devices.push_back(summarise(ordinal));
  return out;
}

result<std::unique_ptr<device>> make_cuda_device(const cuda_options& options) {
  const auto name = "cuda:" + std::to_string(options.ordinal) + ": ";
  const auto system = look();
  if (!system.problem.empty()) return error::device(name + system.problem);
  if (options.ordinal < 0 || options.ordinal >= system.count)
    return error::device(name + "there is no such device: the driver sees " + std::to_string(system.count) +
                         ", counted from 0");
  if (const auto summary = summarise(options.ordinal); !summary.problem.empty())
    return error::device(name + summary.problem);
  try {
    return std::unique_ptr<device>(std::make_unique<cuda_device>(options));
  } catch (const std::exception& failure) { // it names the device
    return error::device(failure.what());
  }
}

} // namespace syngrad

// What the rest of the program knows of CUDA: which devices there are, how one is made, and how fast it is at best.
// Free of CUDA headers, and there in every build: one without CUDA says so.
#pragma once

#include "runtime/device.hpp"
#include "runtime/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace syngrad {

// How matrix products are computed. Parameters, sums and all else are float32 in each.
enum class cuda_precision {
  f32,
  tf32, // factors rounded to 10 bits of fraction by the tensor cores
  bf16  // factors rounded to bfloat16 before the product
};

// How the host learns that work is done. Both call back on one thread of the device.
enum class cuda_completion {
  polling,      // that thread asks the events in turn; sees failures as well
  host_function // the driver posts to that thread; after a fault the driver posts no more
};

struct cuda_options {
  int ordinal = 0; // as the driver counts: CUDA_VISIBLE_DEVICES applies
  cuda_precision precision = cuda_precision::f32;
  cuda_completion completion = cuda_completion::polling;
};

// Fails where there is no driver or device, the driver is too old, or this build has no code for the device.
result<std::unique_ptr<device>> make_cuda_device(const cuda_options& options);

struct cuda_device_summary {
  int ordinal = 0;
  std::string name;               // "NVIDIA H100 80GB HBM3"
  std::string compute_capability; // "9.0"
  std::size_t total_bytes = 0;
  std::size_t free_bytes = 0; // 0 where it is not usable
  std::string problem;        // why it is not usable; empty where it is
};

struct cuda_inventory {
  std::string driver;  // the newest CUDA that the driver supports, "13.0"; empty without a driver
  std::string runtime; // the CUDA that this program was built with; empty without CUDA
  std::vector<cuda_device_summary> devices;
  std::string problem; // why there are none; empty where there are some
};

cuda_inventory list_cuda_devices();

namespace cuda {

// CUDA's version numbers for people: 13000 is 13.0.
inline std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

} // namespace cuda

// ---- what a training is measured against

struct product_rate_request {
  cuda_options on;          // its precision: bf16 has bfloat16 factors and output; sums are float32 in each
  std::int64_t side = 8192; // of the matrices
  double seconds = 1;       // of the measurement, after some for warming up
};

// The rate of matrix products that a device reaches at best: cuBLASLt alone, on square matrices that are already in the
// precision's own type, by the fastest of the algorithms that it offers. Floating-point operations a second, two for
// each multiply-add. Fails as make_cuda_device does, or without memory for the three matrices. Blocks; not beside other
// work on the device.
result<double> measure_product_rate(const product_rate_request&);

} // namespace syngrad

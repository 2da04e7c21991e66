// The rate of matrix products that a CUDA device reaches at best: cuBLASLt alone, on square matrices that are already
// in the precision's own type, by the fastest of the algorithms that it offers. What a training is measured against.
#pragma once

#include "runtime/cuda/cuda_devices.hpp"
#include "runtime/result.hpp"

#include <cstdint>

namespace syngrad {

struct product_rate_request {
  cuda_options on;          // its precision: bf16 has bfloat16 factors and output; sums are float32 in each
  std::int64_t side = 8192; // of the matrices
  double seconds = 1;       // of the measurement, after some for warming up
};

// Floating-point operations a second, two for each multiply-add. Fails as make_cuda_device does, or without memory for
// the three matrices. Blocks; not beside other work on the device.
result<double> measure_product_rate(const product_rate_request&);

} // namespace syngrad

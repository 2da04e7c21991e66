// The build without CUDA.
#include "runtime/cuda/cuda_devices.hpp"

#include <fmt/core.h>

namespace syngrad {

namespace {

const char* const reason =
  "this program was built without CUDA: configure with `cmake --preset cuda` where nvcc is found";

} // namespace

result<std::unique_ptr<device>> make_cuda_device(const cuda_options& options) {
  return error::device(fmt::format("cuda:{}: {}", options.ordinal, reason));
}

result<double> measure_product_rate(const product_rate_request& request) {
  return make_cuda_device(request.on).failure();
}

cuda_inventory list_cuda_devices() {
  return {.driver = "", .runtime = "", .devices = {}, .problem = reason};
}

} // namespace syngrad

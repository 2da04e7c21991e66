// The devices that every machine has.
#include "runtime/cpu/cpu_device.hpp"
#include "tests/runtime/cuda/kernel_device.hpp"
#include "tests/runtime/device_under_test.hpp"

#include <stdexcept>

namespace syngrad {

std::vector<std::string> tested_devices() {
  return {"cpu", "cuda kernels on the host"};
}

std::unique_ptr<device> make_tested_device(const std::string& name) {
  configure_compute_thread();
  if (name == "cpu") return std::make_unique<cpu_device>();
  if (name == "cuda kernels on the host") return test::make_kernel_device();
  throw std::invalid_argument("no device is called " + name);
}

} // namespace syngrad

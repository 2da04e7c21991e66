// The GPU as the device under test. Where there is none, a test says why and ends as skipped: never as passed.
#include "tests/runtime/cuda/gpu_under_test.hpp"
#include "runtime/cuda/cuda_devices.hpp"
#include "tests/runtime/device_under_test.hpp"

#include <cstdio>
#include <cstdlib>

namespace syngrad {

namespace {

constexpr int skipped = 77; // as tests/CMakeLists.txt tells CTest

} // namespace

std::unique_ptr<device> make_gpu_or_skip(const cuda_options& options) {
  auto made = make_cuda_device(options);
  if (made) return std::move(made.value());
  std::fprintf(stderr, "SKIPPED, this needs a GPU: %s\n", made.message().c_str());
  std::fflush(nullptr);
  std::_Exit(skipped); // out of the midst of a test case: Catch2 2 knows no skipped ones
}

std::vector<std::string> tested_devices() {
  return {"cuda:0"};
}

std::unique_ptr<device> make_tested_device(const std::string&) {
  return make_gpu_or_skip({});
}

} // namespace syngrad

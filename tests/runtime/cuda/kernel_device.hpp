// A host device whose operators are the arithmetic of the CUDA backend: every kernel of runtime/cuda/kernels, run in
// loops. Products, copies and factorisations, which libraries do there, are the CPU's. Operator tests run on it as
// "cuda kernels on the host".
#pragma once

#include "runtime/device.hpp"

#include <memory>

namespace syngrad::test {

std::unique_ptr<device> make_kernel_device();

} // namespace syngrad::test

// What is known about a gradient's origin.
#pragma once

#include <cstdint>

namespace syngrad {

enum class gradient_kind : std::uint8_t {
  truth,        // the chain is unbroken up to the loss
  bootstrapped, // its sender used a synthetic gradient above it
  none,         // the batch was skipped or dropped, or its gradient is not wanted: there is no tensor
};

} // namespace syngrad

// A point in a stream's order, and when the device got there: how work is timed without anybody waiting for it.
#pragma once

#include "runtime/stream.hpp"

#include <cstdint>
#include <optional>

namespace syngrad {

class time_mark : public completion {
public:
  struct moment {
    std::int64_t host_ns;        // CLOCK_MONOTONIC
    std::int64_t uncertainty_ns; // the device's clock is not the host's
  };
  // Once it is ready. Nothing where the device has failed since.
  virtual std::optional<moment> time() const = 0;
};

} // namespace syngrad

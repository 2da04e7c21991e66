// How devices are called on the command line: "cpu", "cuda:0".
#pragma once

#include "runtime/result.hpp"

#include <optional>
#include <string>

namespace syngrad::tools {

struct device_name {
  std::optional<int> ordinal; // of a CUDA device, as the driver counts; none: the CPU

  bool is_cuda() const { return ordinal.has_value(); }
  std::string str() const { return ordinal ? "cuda:" + std::to_string(*ordinal) : "cpu"; }
};

// What looks like a device's name; whether there is such a device is found out when it is made.
result<device_name> parse_device_name(const std::string& text);

} // namespace syngrad::tools

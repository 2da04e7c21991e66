// What `syngrad bench` measures, and how long.
#pragma once

#include "tools/devices/device_options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct bench_settings {
  std::vector<int> widths{256, 1024};
  std::vector<int> threads{1, 2};
  std::vector<std::string> policies{"locked", "synthetic"};
  int hidden = 5; // layers
  std::int64_t batch = 256;
  device_options devices; // one for all
  int pairs = 15;
  double seconds = 0.5; // of one burst
  int hops = 100000;
};

} // namespace syngrad::tools

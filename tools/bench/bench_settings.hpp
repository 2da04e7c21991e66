// What `syngrad bench` measures, and how long.
#pragma once

#include <string>
#include <vector>

namespace syngrad::tools {

struct bench_settings {
  std::vector<int> widths{256, 1024};
  std::vector<int> threads{1, 2};
  int pairs = 15;
  double seconds = 0.5; // of one burst
  int hops = 100000;
};

} // namespace syngrad::tools

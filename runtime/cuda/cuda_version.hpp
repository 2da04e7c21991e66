// CUDA's version numbers for people: 13000 is 13.0.
#pragma once

#include <string>

namespace syngrad::cuda {

inline std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

} // namespace syngrad::cuda

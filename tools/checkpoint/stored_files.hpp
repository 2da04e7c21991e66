// What a run has stored, as `syngrad checkpoint` finds it: files of weights, and checkpoints.
#pragma once

#include "runtime/io/safetensors.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad::tools {

struct stored_files {
  std::vector<std::string> weights;     // files
  std::vector<std::string> checkpoints; // folders, the oldest first
};

// Of a run's folder, a folder of checkpoints, one checkpoint, or a file. Fails where there is nothing of the kind.
result<stored_files> find_stored_files(const std::string& path);

// Of a tensor's numbers.
struct tensor_figures {
  double norm = 0, least = 0, most = 0;
  std::int64_t nonfinite = 0;
};
tensor_figures figures_of(const safetensors_tensor&);

// Whether a file of weights is whole, and its numbers are finite.
status verify_weights(const std::string& path);

} // namespace syngrad::tools

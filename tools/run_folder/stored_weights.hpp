// The weights of a network, from a file or out of a checkpoint.
#pragma once

#include "runtime/io/safetensors.hpp"
#include "runtime/result.hpp"

#include <string>

namespace syngrad::tools {

// Whether it is the folder of a checkpoint.
bool is_checkpoint(const std::string& path);

// The run's folder in which a checkpoint is.
std::string run_of_checkpoint(const std::string& path);

// `path`: a .safetensors file, or a checkpoint, which is checked against its sums; of that the network alone, with the
// step as metadata.
result<safetensors_file> read_stored_weights(const std::string& path);

} // namespace syngrad::tools

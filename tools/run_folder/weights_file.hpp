// What a file of weights holds, whoever writes it: safetensors, named as layers name them, with the model in its
// metadata.
#pragma once

#include "models/layer_group.hpp"
#include "models/network.hpp"
#include "runtime/io/atomic_file.hpp"

#include <map>
#include <span>
#include <string>

namespace syngrad::tools {

std::map<std::string, std::string> weights_metadata(const std::string& model);

// Bytes that the file takes: of all of `model`, and of some tensors, whose values do not matter.
std::size_t weights_size(const network& model);
std::size_t weights_size(std::span<const layer_group::named_tensor>, const std::string& model);

// Writes and commits.
status write_weights(atomic_file&, std::span<const layer_group::named_tensor>, const std::string& model);

} // namespace syngrad::tools

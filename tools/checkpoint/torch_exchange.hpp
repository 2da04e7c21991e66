// Weights of a network to PyTorch's names and layouts, and from them: models/networks/torch_form.hpp has the two.
#pragma once

#include "runtime/io/safetensors.hpp"
#include "runtime/result.hpp"

#include <string>

namespace syngrad::tools {

// A file of weights as a run leaves it, which says in its metadata of which model they are, as PyTorch's load_file() of
// the package safetensors reads it into a state_dict. `out` appears whole or not at all.
status export_to_torch(const safetensors_file& weights, const std::string& model, const std::string& out);

// The other way: `out` is a file as runs leave it. What is not among the weights of that model is refused.
status import_from_torch(const safetensors_file& state, const std::string& model, const std::string& out);

} // namespace syngrad::tools

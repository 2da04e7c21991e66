// Every layer that a network's JSON may name.
#pragma once

#include "models/layer.hpp"
#include "models/networks/layer_arguments.hpp"

#include <memory>
#include <string>
#include <vector>

namespace syngrad {

// The names, in the order of the alphabet.
std::vector<std::string> known_layers();

// A layer of type(). Throws document_fault where the type is unknown, or an argument is.
std::unique_ptr<layer> make_documented_layer(layer_arguments&);

} // namespace syngrad

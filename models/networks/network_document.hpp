// A network as JSON: what a model's file holds, and what short forms such as mlp:784-256x5-10 stand for.
//
//   document = {"name": TEXT, "input": input, "units": [unit, ...]}     the name may be left out
//   input    = [POSITIONS, ..., FEATURES]                               numbers
//            | {"shape": [POSITIONS, ...], "categories": N}             whole numbers below N: tokens
//   unit     = [layer, ...]
//   layer    = {"type": NAME, ARGUMENT: VALUE, ...}                     as in PyTorch: layer_registry.cpp, which has a
//                                                                       few arguments more, such as "init_std"
//
// Layers within layers are lists of their own: {"type": "Residual", "layers": [layer, ...], "skip": [layer, ...]},
// which gives layers(x) + skip(x), or layers(x) + x without a skip.
//
// A BatchNorm or a Residual and the ReLU behind it are one layer here, which computes both in one pass, as are
// AdaptiveAvgPool2d and Flatten. Activations are channels-last: the order of features behind a Flatten is too.
// Messages begin with the place: "units[3][1].padding: ...", or "line 3, column 9: ...". Any thread.
#pragma once

#include "models/network.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace syngrad {

using network_document = nlohmann::ordered_json;

// Only that it is JSON in which no name stands twice in an object, and not nested too deeply.
result<network_document> parse_network_document(std::string_view text);

// Makes the layers, and checks that each fits on what is below it.
result<network> make_documented_network(const network_document&);

// What it is called; where it has no name, "in JSON".
std::string name_of_document(const network_document&);

// For people: a layer a line, where it is not long.
std::string show_network_document(const network_document&);

} // namespace syngrad

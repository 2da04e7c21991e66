// What is stored, as text: for people tables, for programs JSON.
#pragma once

#include "tools/checkpoint/stored_files.hpp"

#include <string>

namespace syngrad::tools {

// Of each file its tensors with type, shape and figures; of each checkpoint its step, words and parts. Of what cannot
// be read, why. `all`: tensors of optimizers, predictors and windows too.
std::string describe_stored(const stored_files&, bool all);

// [{"file", "bytes", "sum", "metadata", "tensors": [{"name", "type", "shape", "norm", "min", "max", "nonfinite"}]} |
//  {"checkpoint", "step", "program", "words", "parts": [{"name", and what a file has}]} | {"file", "failure"}, ...]
std::string describe_stored_json(const stored_files&, bool all);

} // namespace syngrad::tools

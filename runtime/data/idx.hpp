// Reads a folder of IDX files, the format of MNIST (LeCun, Cortes and Burges), Fashion-MNIST and EMNIST.
//
// Its four files are found by their names:
//
//   name = [ prefix "-" ] ("train" | "t10k" | "test") "-" content [ ".gz" ]
//   content = "images" ("-" | ".") "idx3-ubyte" | "labels" ("-" | ".") "idx1-ubyte"
//
// MNIST and Fashion-MNIST have no prefix; EMNIST's splits have one each, such as emnist-letters.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/label_numbering.hpp"
#include "runtime/result.hpp"

#include <optional>
#include <string>

namespace syngrad {

// `where` is a folder, or FOLDER/PREFIX with the prefix of their names. Pixels are kept as bytes, an image row by row.
// Labels become classes as label_numbering.hpp tells, by those of the training set. Errors name the file.
result<dataset> load_idx(const std::string& where, std::optional<label_rule> rule = {});

} // namespace syngrad

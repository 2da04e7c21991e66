// Reads a folder of IDX files, the format of MNIST (LeCun, Cortes and Burges), Fashion-MNIST and EMNIST.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/label_numbering.hpp"
#include "runtime/result.hpp"

#include <optional>
#include <string>

namespace syngrad {

// `place` is a folder, or FOLDER/PREFIX, as idx_files.hpp tells. Pixels are kept as bytes, an image row by row. Labels
// become classes as label_numbering.hpp tells, by those of the training set. Errors name the file.
result<dataset> load_idx(const std::string& place, std::optional<label_rule> rule = {});

} // namespace syngrad

// Finds the four files of an IDX data set by their names.
//
//   name = [ prefix "-" ] ("train" | "t10k" | "test") "-" content [ ".gz" ]
//   content = "images" ("-" | ".") "idx3-ubyte" | "labels" ("-" | ".") "idx1-ubyte"
//
// MNIST and Fashion-MNIST have no prefix; EMNIST's splits have one each, such as emnist-letters.
#pragma once

#include "runtime/result.hpp"

#include <string>

namespace syngrad {

struct idx_files {
  std::string train_images, train_labels, test_images, test_labels; // paths
};

// `place` is a folder, or FOLDER/PREFIX. In a folder, files without a prefix are taken, or else those of the only one.
// Of several forms of a name the first of these is taken: plain before .gz, "-" before ".", t10k before test.
result<idx_files> find_idx_files(const std::string& place);

} // namespace syngrad

// Reads a folder of IDX files, the format of MNIST (LeCun, Cortes and Burges) and Fashion-MNIST.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <string>

namespace syngrad {

// The folder holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte,
// each plain or with .gz; where both are there, the plain one is read. Pixels are kept as bytes, an image row by row.
// There are as many classes as the largest training label says, at least 2. Errors name the file.
result<dataset> load_idx(const std::string& folder);

} // namespace syngrad

// CIFAR-10 in its binary form: data_batch_1.bin to data_batch_5.bin and test_batch.bin, plain or .gz.
//
//   file   = { record }
//   record = label of 0..9 (u8), 32 x 32 reds, 32 x 32 greens, 32 x 32 blues (u8, row by row)
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <string>

namespace syngrad {

// `folder` has the files, or a folder cifar-10-batches-bin with them, as the archive unpacks. Images are [32, 32, 3].
result<dataset> load_cifar10(const std::string& folder);

} // namespace syngrad

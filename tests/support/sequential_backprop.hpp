// Backpropagation written out plainly: one loop over batches, one over layers forward, one backward, one over
// parameters for Adam. No actors, groups, layers or policies: the reference that locked training equals bit for bit.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/device.hpp"

#include <vector>

namespace syngrad::test {

struct sequential_run {
  std::vector<std::int64_t> widths; // inputs, hidden widths, classes
  std::int64_t batch_size;
  std::int64_t steps;
  float learning_rate;
  std::uint64_t seed;
};

// Weights and running statistics in the order in which a network's groups list theirs.
std::vector<float> train_sequentially(device&, const dataset&, const sequential_run&);

} // namespace syngrad::test

// Small labelled samples that a small network can learn: one random centre for each class, with noise around it.
#pragma once

#include "runtime/data/dataset.hpp"

namespace syngrad::test {

// Five features, three classes; 64 samples to train on, 20 to test.
const dataset& toy();

} // namespace syngrad::test

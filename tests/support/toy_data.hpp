// Small labelled samples that a small network can learn: one random centre for each class, with noise around it.
#pragma once

#include "runtime/data/dataset.hpp"

namespace syngrad::test {

dataset make_toy_data(std::int64_t features, std::int32_t classes, std::int64_t train_count, std::int64_t test_count,
                      std::uint64_t seed);

} // namespace syngrad::test

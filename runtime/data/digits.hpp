// The built-in data set: grey digits drawn from stroke outlines, each with a random pose, thickness and distortion.
#pragma once

#include "runtime/data/dataset.hpp"

#include <cstdint>

namespace syngrad {

// 28 x 28 bytes an image, row by row, 0 is background; sample i shows digit i mod 10. The training set is drawn by
// `seed`. The test set is the same for every seed; asking for fewer samples gives the first ones. Drawn on all cores;
// the result depends neither on their number nor on compiler flags. Counts must not be negative.
dataset make_digits(std::uint64_t seed, std::int64_t train_count = 50'000, std::int64_t test_count = 10'000);

} // namespace syngrad

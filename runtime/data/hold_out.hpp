// Divides a training set into a part to train on and a part to validate on, without copying samples.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <vector>

namespace syngrad {

// Rows of the training set; together each row exactly once, both ascending.
struct held_out {
  std::vector<std::int32_t> train;
  std::vector<std::int32_t> validation;
};

// How many of so many samples are held out: round(fraction * samples).
std::int64_t held_out_count(std::int64_t samples, double fraction);

// Validation gets round(fraction * train.count) rows, drawn by `seed`. Fails where either part would be empty.
result<held_out> hold_out(const sample_set& train, double fraction, std::uint64_t seed);

} // namespace syngrad

// Reads a table of numbers with one column of labels from a comma-separated file (RFC 4180), plain or .gz.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

struct csv_settings {
  std::optional<std::string> label_column; // a name in the header, or a number from 0; unset: the last column
  double test_fraction = 0.2;              // of the rows, drawn by `seed`, for the test set
  std::uint64_t seed = 1;
};

// The first row is a header if it has something else than a number in a feature column, or if the label column is
// named. Every feature is standardised to mean 0 and variance 1 by the statistics of the training rows; a feature that
// is constant there becomes 0. Labels that are all integers of 0..9999 are class numbers; other labels are text, and
// the sorted distinct texts are classes 0, 1, ... Errors name file, line and column.
result<dataset> load_csv(const std::string& file, const csv_settings& settings);

} // namespace syngrad

// Reads a table of numbers with a column of labels, or with columns of values, from a text file (RFC 4180, or with
// another separator), plain or .gz.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/label_numbering.hpp"
#include "runtime/data/learned_data.hpp"
#include "runtime/data/row_split.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

struct csv_settings {
  std::optional<std::string> label_column; // a name in the header, or a number from 0; unset: the last column
  double test_fraction = usual_test_fraction_of_rows; // of the rows, drawn by `seed`, for the test set
  std::uint64_t seed = 1;
  std::optional<label_rule> labels;
  std::optional<char> delimiter; // unset: as csv_parser.hpp tells
  bool takes_values = false;     // targets are numbers, which stay as they are; else labels
  std::vector<std::string> target_columns =
    {}; // where it takes values: names or numbers as above; empty: label_column's
};

// The first row is a header if it has something else than a number in a feature column, if the label column is named,
// or if its label alone is not a number. A comment before the first row that has a name for every column is a header
// too. Of values all columns must be numbers, so any text makes the first row a header. Every feature is standardised
// to mean 0 and variance 1 by the statistics of the training rows; a feature that is constant there becomes 0. Labels
// become classes as label_numbering.hpp tells. Errors name file, line and column.
result<dataset> load_csv(const std::string& file, const csv_settings& settings);

// All rows as test samples for a network that is trained: columns are those of the run's features by their names, where
// the first row has all of these, else by their places; others are left out where they have names. Targets are what
// `settings` names, or what is left beside the features.
result<dataset> load_csv_as_learned(const std::string& file, const csv_settings& settings, const learned_data&);

} // namespace syngrad

// A table as it stands in a file: numbers, and a column of labels.
#pragma once

#include "runtime/data/csv.hpp"
#include "runtime/data/csv_labels.hpp"
#include "runtime/result.hpp"

#include <string>
#include <vector>

namespace syngrad {

struct csv_table {
  std::string file;
  std::vector<std::string> header; // empty: none
  std::size_t fields = 0;          // in every row
  std::size_t label = 0;           // index of the label's field
  std::vector<double> values;      // [rows, features]
  csv_labels labels;
  std::vector<std::string> notes; // how the file was understood, where that is not plain

  std::size_t features() const { return fields - 1; }
  std::string label_place() const; // "FILE: column 3 ('kind')"
};

// Errors name file, line and column.
result<csv_table> read_csv_table(const std::string& file, const csv_settings& settings);

} // namespace syngrad

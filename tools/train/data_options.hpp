// The options that say which data a run has and how it is read: their variables, rows, and what they are to the
// readers.
#pragma once

#include "actors/settings.hpp"
#include "models/network.hpp"
#include "runtime/data/data_source.hpp"
#include "tools/command_line/option_reader.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

struct data_options {
  std::string source = "digits"; // --data
  std::string label_column;      // empty: the last one
  std::string targets;           // columns of values, with commas between; empty: label_column
  std::string labels;            // as-is | renumber; empty: as they are, if they are 0, 1, ...
  std::string delimiter;         // by its name; empty: as the file's first row tells
  std::optional<double> test_fraction;
  std::optional<int> vocabulary;
  std::string resize; // HEIGHTxWIDTH; empty: images stay as they are
};

// Their rows. They refer to `target`, which outlives them.
std::vector<option_row> data_rows(data_options& target);

// Whether what is given means something to this kind of data.
status check_data_options(const data_options&, const option_reader&);

// For a run with this seed and objective, of a network with this input. Fails where the data is a text and the network
// takes no tokens, or the objective labels where columns of values are named.
result<data_settings> data_settings_for(const data_options&, const training_settings&, const network&);

} // namespace syngrad::tools

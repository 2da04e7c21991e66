// Opens the data set that a specification such as "mnist:DIR" names.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/label_numbering.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace syngrad {

// What the kinds of source can be told beside their specification; each kind takes what concerns it.
struct data_settings {
  std::uint64_t seed = 1;                  // digits: draws the training set; csv: draws the test rows
  std::optional<std::string> label_column; // csv
  double test_fraction = 0.2;              // csv
  std::optional<label_rule> labels;        // mnist, csv
  std::optional<char> delimiter;           // csv
};

// `specification` is one of known_data_sources(). Errors name the file, or list what is known.
result<dataset> open_dataset(const std::string& specification, const data_settings& settings);

// For help texts: "digits | mnist:DIR | csv:FILE".
std::string known_data_sources();

} // namespace syngrad

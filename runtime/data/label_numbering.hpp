// Which number each label has in a model: classes are outputs 0, 1, ...
//
//   labels                       by default   --labels as-is             --labels renumber
//   names                        0, 1, ...    refused                    0, 1, ...
//   numbers and names mixed      refused      refused                    0, 1, ...
//   numbers 0, 1, ..., all there themselves   themselves                 themselves
//   numbers with gaps, not from 0 refused     themselves; outputs for    0, 1, ...
//                                             the gaps too
//   negative, fractions, large   refused      refused                    0, 1, ...
//
// New numbers follow the order of the labels: numbers by value, then names by their bytes.
#pragma once

#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

inline constexpr std::size_t most_classes = 10'000; // what has more different values is no column of classes

enum class label_rule { as_is, renumber };

// One of the different labels of a data set. Equal numbers are one label, however they are written.
struct label {
  std::string text;             // as it is written where it comes first
  std::string position;         // where that is, for messages: "line 3"
  std::optional<double> number; // what it is worth, if it is a number
};

struct label_numbering {
  std::int32_t classes = 0;           // outputs that a model needs
  std::vector<std::int32_t> class_of; // of each label, in the order given
  std::vector<std::string> names;     // of each class; empty: a class is called by its number
  std::vector<std::string> notes;     // what the reader of a run should know, a line each
};

// `where` names the labels in messages: a file, and a column in it. There is at least one label.
result<label_numbering> number_labels(const std::string& where, std::span<const label> labels,
                                      std::optional<label_rule> rule);

} // namespace syngrad

// What a run has learned of its data, by which other data becomes samples for the network that it has trained, as those
// of the run did, instead of learning it anew.
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/label_numbering.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

struct learned_data {
  sample_spec input;                         // what the network takes
  sample_spec target;                        // what its outputs are judged by: labels or values
  std::vector<std::string> class_names = {}; // of each label; empty: they are 0, 1, ... themselves
  std::vector<feature_scaling> scaling = {}; // of a table's features
  std::optional<vocabulary> tokens = {};     // of a text
  bool wants_targets = true;                 // else those that there are are not looked at
};

// The class of each label, in the order given. Fails at one that the run did not have.
result<std::vector<std::int32_t>> classes_of(const std::string& where, std::span<const label>, const learned_data&);

// Of such samples, without any yet.
dataset empty_dataset(const std::string& name, const sample_spec& input, const learned_data&);

// Targets of samples that have none: zeros, which nobody looks at.
void fill_missing_targets(const learned_data&, sample_set&);

} // namespace syngrad

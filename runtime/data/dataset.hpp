// Samples with their targets in memory: a training set and a fixed test set. Read-only once made, so shared by all
// threads.
#pragma once

#include "runtime/sample_spec.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

// Inputs are stored as bytes (images; scaled to 0..1 when a batch is gathered) or as floats, never both; targets as
// labels or as values, never both.
struct sample_set {
  std::int64_t count = 0;
  std::vector<std::uint8_t> bytes;  // [count, elements of an input], or empty
  std::vector<float> floats;        // likewise
  std::vector<std::int32_t> labels; // [count, elements of a target], below its categories, or -1: none; or empty
  std::vector<float> values;        // [count, elements of a target], or empty

  float scale() const { return bytes.empty() ? 1.0f : 1.0f / 255.0f; }
};

struct dataset {
  std::string name;
  sample_spec input;  // f32: what a network receives
  sample_spec target; // i32: labels, as many different ones as it has categories; f32: values
  sample_set train;
  sample_set test;
  std::vector<std::string> class_names; // of each label, as the data has it; empty: its number
  std::vector<std::string> notes;       // how the data was understood, where that is not plain: a line each
};

} // namespace syngrad

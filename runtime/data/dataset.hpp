// Samples with their targets in memory: a training set and a fixed test set. Read-only once made, so shared by all
// threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace syngrad {

// Features are stored as bytes (images; scaled to 0..1 when a batch is gathered) or as floats, never both; targets as
// labels or as values, never both.
struct sample_set {
  std::int64_t count = 0;
  std::vector<std::uint8_t> bytes;  // [count, features], or empty
  std::vector<float> floats;        // [count, features], or empty
  std::vector<std::int32_t> labels; // [count], 0..classes-1, or -1: none; or empty
  std::vector<float> values;        // [count, values of the data set], or empty

  float scale() const { return bytes.empty() ? 1.0f : 1.0f / 255.0f; }
};

struct dataset {
  std::string name;
  std::int64_t features = 0;
  std::int32_t classes = 0; // 0: the targets are values
  std::int64_t values = 0;  // of each sample's target; 0: the targets are labels
  sample_set train;
  sample_set test;
  std::vector<std::string> class_names; // of each class, as the data has it; empty: its number
  std::vector<std::string> notes;       // how the data was understood, where that is not plain: a line each
};

} // namespace syngrad

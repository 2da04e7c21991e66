// Samples with their targets: a training set and a fixed test set. Read-only once made, so shared by all threads.
#pragma once

#include "runtime/data/image_file.hpp"
#include "runtime/data/token_text.hpp"
#include "runtime/data/vocabulary.hpp"
#include "runtime/sample_spec.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace syngrad {

// Inputs are stored as bytes (images; scaled to 0..1 when a batch is gathered), as floats or as numbers, never two of
// them; targets as labels or as values, never both. A sample is called by its row, from 0.
//
// Or the samples are windows of a text. A window is called by its first token; its targets are the tokens that follow
// each of its own, or their labels, where there are any.
struct sample_set {
  std::int64_t count = 0;            // of a text: windows that do not overlap
  std::vector<std::uint8_t> bytes;   // [count, elements of an input], or empty
  std::vector<float> floats;         // likewise
  std::vector<std::int32_t> numbers; // likewise: tokens, below the input's categories
  std::vector<std::int32_t> labels;  // [count, elements of a target], below its categories, or -1: none; or empty. Of
                                     // a text one for each token, or empty
  std::vector<float> values;         // [count, elements of a target], or empty

  std::vector<std::string> files; // of images that are read when a batch has them: bytes, one file each
  image_form image;               // of those

  token_text text;
  std::int64_t window = 0;  // tokens of an input; 0: no text
  std::int64_t passage = 1; // tokens: rows of windows that continue each other are evaluated from a multiple of it on

  bool is_text() const { return window > 0; }
  // Else reading a batch may take long.
  bool lies_in_memory() const { return files.empty() && !text.is_mapped(); }
  float scale() const { return bytes.empty() && files.empty() ? 1.0f : 1.0f / 255.0f; }
};

// What a reader makes of a number of the data: (value - mean) * factor.
struct feature_scaling {
  std::string name; // of its column; empty: it has none
  double mean = 0;
  double factor = 1; // 0: it is constant among the training samples

  // An outlier beyond so many deviations stays finite in all later arithmetic.
  static constexpr double furthest_deviation = 1e6;
  float of(double value) const {
    return static_cast<float>(std::clamp((value - mean) * factor, -furthest_deviation, furthest_deviation));
  }

  friend bool operator==(const feature_scaling&, const feature_scaling&) = default;
};

struct dataset {
  std::string name;
  sample_spec input;  // f32: what a network receives; i32: tokens
  sample_spec target; // i32: labels, as many different ones as it has categories; f32: values
  sample_set train;   // empty where a trained network is given the data (learned_data.hpp)
  sample_set test;
  std::vector<std::string> class_names; // of each label, as the data has it; empty: its number
  std::vector<std::string> test_names;  // of images for a trained network: their files; empty: samples have no names
  std::vector<std::string> notes;       // how the data was understood, where that is not plain: a line each
  std::optional<vocabulary> tokens;     // of a text
  std::vector<feature_scaling> scaling; // of each feature of an input; empty: they are as the data has them
};

// Inputs [firsts.size(), window] and targets, of the windows that begin at `firsts`. Throws std::runtime_error where a
// token is not below `vocabulary_size`: a text is not read whole before.
void copy_windows(const sample_set&, std::int32_t vocabulary_size, std::span<const std::int64_t> firsts,
                  std::span<std::int32_t> inputs, std::span<std::int32_t> targets);

// Targets [firsts.size(), n] of what follows those windows in the text; no_label beyond its end.
void copy_following(const sample_set&, std::span<const std::int64_t> firsts, std::span<std::int32_t> targets);

// "train.bin: token 7 is 50300, beyond a vocabulary of 50257; ..."
std::string beyond_vocabulary(const token_text&, std::int64_t at, std::int32_t token, std::int32_t vocabulary_size);

} // namespace syngrad

// Opens the data set that a specification such as "mnist:DIR" names.
//
// Samples of a text are windows, as long as the network's context: where that is not known when the data is opened,
// cut_windows() says it later (text_source.hpp).
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/data/label_numbering.hpp"
#include "runtime/data/learned_data.hpp"
#include "runtime/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad {

// What the kinds of source can be told beside their specification; each kind takes what concerns it.
struct data_settings {
  std::uint64_t seed = 1;                  // digits, copy: draws the training set; others: draws test rows
  bool takes_tokens = false;               // the network does; npz, npy
  bool takes_values = false;               // the objective does, not labels; csv, npz, npy
  std::optional<std::string> label_column; // csv
  std::vector<std::string> target_columns; // csv, of values
  std::optional<double> test_fraction;     // csv, npz, npy, text, bytes; none: the usual one of each
  std::optional<label_rule> labels;        // mnist, csv, npz, npy
  std::optional<char> delimiter;           // csv
  std::optional<std::int32_t> vocabulary;  // tokens
  std::optional<image_size> resize;        // images
  std::optional<std::int64_t> context;     // text, bytes, tokens, copy: length of a window
  // Samples are for a network that has been trained: all are test samples (of mnist, cifar10, digits, tokens and copy
  // those of their test sets), made as those of its run were.
  std::optional<learned_data> learned;
};

// `specification` is one of known_data_sources(). Errors name the file, or list what is known.
result<dataset> open_dataset(const std::string& specification, const data_settings& settings);

// For help texts: "digits | mnist:DIR | csv:FILE | ...".
std::string known_data_sources();

// "csv:FILE" of "csv", a known name.
std::string form_of_data_source(std::string_view name);

} // namespace syngrad

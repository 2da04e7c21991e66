// What the short forms of networks have in common: numbers within bounds, options, and the JSON of the usual layers.
#pragma once

#include "models/networks/network_document.hpp"
#include "runtime/sample_spec.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syngrad {

inline constexpr std::int64_t most_features = 65536; // of a layer in a short form
inline constexpr std::int64_t most_layers = 1000;    // likewise, in all
inline constexpr std::int64_t most_vocabulary = 1 << 20;
// Stands for a vocabulary that data will decide; that of bytes.
inline constexpr std::int64_t vocabulary_until_known = 256;

// Fails with "the width '0' is not a whole number from 1 to 65536".
result<std::int64_t> read_bounded(std::string_view text, const std::string& what, std::int64_t least,
                                  std::int64_t most);

// "4x64,heads=4,context=64": sizes, then options in any order, each at most once.
class short_form {
public:
  // `known`: the names of the options.
  static result<short_form> read(std::string_view parameters, std::vector<std::string> known);

  // The sizes as "LAYERSxWIDTH".
  result<std::pair<std::int64_t, std::int64_t>> layers_and_width() const;
  // From 1 to `most`; where it was not given `usual`.
  result<std::int64_t> option(const std::string& name, std::int64_t usual, std::int64_t most) const;
  // At least 0 and below 1; where it was not given 0.
  result<double> share(const std::string& name) const;

private:
  std::string sizes_;
  std::map<std::string, std::string> options_;
};

// Adds "vocab=N", where it is not there, for as many tokens as the data has.
std::string complete_vocabulary(std::string_view parameters, const sample_spec& target);

// ---- JSON

network_document linear_document(std::int64_t inputs, std::int64_t outputs, bool bias = true);
network_document plain_document(const char* type); // a layer without arguments

struct convolution_form {
  std::int64_t kernel = 3;
  std::int64_t stride = 1;
  bool relu = true;
};

// Conv2d, whose output is as large as its input but for the stride, BatchNorm2d and, where it is asked for, ReLU.
network_document convolution_documents(std::int64_t inputs, std::int64_t outputs, convolution_form);
// The mean of each channel over all positions, then one Linear.
network_document image_classifier_documents(std::int64_t channels, std::int64_t classes);
// The input of a network of tokens.
network_document tokens_document(std::int64_t context, std::int64_t vocabulary);

} // namespace syngrad

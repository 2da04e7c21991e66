// data.json: what the reader has learned of a run's data, and who uses the trained network must know: what its tokens
// stand for, what its outputs are called, what was made of its inputs. In the run's folder from the start.
//
//   {"data": "text:input.txt",
//    "vocabulary": null, or of tokens {"of": "characters", "size": 3, "characters": "\n !"}: token i is the character
//    i;
//                  "of": "bytes", or "numbers" whose meaning their maker knows, have a size alone
//    "classes": null, or the label of each output, as the data has it; null too where they are 0, 1, ... themselves
//    "features": null, or of each input {"name": "width", "mean": 3.5, "factor": 2}: the network receives
//                (value - mean) * factor; the name is null where the data has none
//    "factor": 0.00392...}    the network receives what its inputs are times that: bytes of images become 0 to 1
//
// Names and what --data has stand as they are; where that is no UTF-8, as an array of bytes: [98, 228, 114].
#pragma once

#include "runtime/data/dataset.hpp"
#include "runtime/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace syngrad::tools {

inline constexpr const char* data_file_name = "data.json";

struct data_facts {
  std::string source; // as --data has it
  std::optional<vocabulary> tokens = {};
  std::vector<std::string> class_names = {};
  std::vector<feature_scaling> features = {};
  double factor = 1;
};

data_facts data_facts_of(const std::string& source, const dataset&);

std::string format_data_file(const data_facts&);

// Fails where the file is missing or is none of that kind.
result<data_facts> read_data_file(const std::string& path);

} // namespace syngrad::tools

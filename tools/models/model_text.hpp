// What `syngrad models` prints: the kinds of network, and one network with its units, costs and split.
#pragma once

#include "models/network.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

struct unit_summary {
  int group = 0;
  std::vector<std::string> layers; // bottom to top: "linear 784->256"
  sample_spec output;
  std::int64_t parameters = 0; // that are trained
  double multiply_adds = 0;    // of a sample, forward and backward
};

struct model_summary {
  std::string name;
  sample_spec input;
  std::vector<unit_summary> units;
};

// `split`: units of each group. The layers fit on each other.
model_summary summarize_model(const network&, const std::vector<int>& split);

std::string format_model_table(const model_summary&);
std::string format_model_json(const model_summary&);

// Every kind with its form, what it is, and an example.
std::string format_kinds_table();
std::string format_kinds_json();

} // namespace syngrad::tools

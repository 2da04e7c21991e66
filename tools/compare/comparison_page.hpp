// The page of a comparison: one HTML file that needs nothing else. Pure.
#pragma once

#include "tools/compare/comparison_results.hpp"

#include <string>

namespace syngrad::tools {

// What the page says of where and how it was made.
struct comparison_facts {
  std::string title;         // the folder's name
  std::string command;       // as it was typed
  std::string machine;       // "2 processors, AMD EPYC"
  double left_s = no_number; // what is still to be done; NaN: nothing is
};

std::string make_comparison_page(const comparison_results&, const comparison_facts&);

} // namespace syngrad::tools

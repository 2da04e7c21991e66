// The pictures of a comparison, and its table.
#pragma once

#include "tools/compare/comparison_results.hpp"
#include "tools/trace/answer.hpp"
#include "tools/trace/report/figures.hpp"

#include <vector>

namespace syngrad::tools {

// Time to target over the delay of the links, where there are several, else as bars; then the metric over seconds. One
// of each for everything that runs differ in beside policy, link and seed.
std::vector<report_figure> comparison_figures(const comparison_results&);

// A row for each configuration.
answer_table configuration_table(const comparison_results&);

} // namespace syngrad::tools

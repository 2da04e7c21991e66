// The summary of a run for people: a table with a row a group, and one last line that says it all.
#pragma once

#include "actors/summary.hpp"

#include <string>

namespace syngrad::tools {

// The table and its legend. Audit columns only where something was audited.
std::string format_groups(const training_summary&);

// "test error 1.46 %, 6000 steps in 71.2 s, 21,500 samples/s; results in runs/...", and how it ended if not as asked.
std::string format_last_line(const training_summary&, const std::string& folder);

} // namespace syngrad::tools

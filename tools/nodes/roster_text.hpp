// A roster as people read it, and as programs do.
#pragma once

#include "actors/nodes/roster.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

std::string format_roster_table(const std::vector<roster_entry>&);
std::string format_roster_json(const std::vector<roster_entry>&); // what was not measured is null

} // namespace syngrad::tools

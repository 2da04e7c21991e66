// What --link does to a run, as lines for the user before it: how many steps a second its interfaces let pass, and how
// many credits would keep the groups busy. A pure function of what is known then.
#pragma once

#include "actors/group_outline.hpp"
#include "actors/settings.hpp"

#include <string>
#include <vector>

namespace syngrad::tools {

// `groups`: bottom to top; `flops`: multiply-adds a second of all of the run's threads together.
std::vector<std::string> link_advice(const training_settings&, const std::vector<group_outline>& groups, double flops);

} // namespace syngrad::tools

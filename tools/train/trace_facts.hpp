// What the trace of a training tells of it, whether it was made or simulated.
#pragma once

#include "actors/settings.hpp"
#include "runtime/sample_spec.hpp"

#include <map>
#include <string>

namespace syngrad::tools {

std::map<std::string, std::string> trace_facts_of(const run_settings&, const counted_unit&);

} // namespace syngrad::tools

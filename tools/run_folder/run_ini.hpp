// run.ini: every option of a run as it was resolved, in the form that --config reads.
#pragma once

#include "tools/command_line/option_row.hpp"

#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

// The text of the file. `folder` is where the run's results are; options of the run's place (--run, --config, --help)
// are left out, so that a repetition gets a folder of its own.
std::string format_run_ini(std::span<const option_group> groups, const std::string& folder);

} // namespace syngrad::tools

// A table of options as text: for --help, and as the file that repeats a run.
#pragma once

#include "tools/command_line/option_row.hpp"

#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

// A paragraph an option, with its default in brackets. Lines are at most `width` columns, where no word is longer.
std::string format_option_help(std::span<const option_group> groups, std::size_t width = 100);

// Whether --help or -h is among them: then nothing else is looked at.
bool asks_for_help(std::span<const std::string> arguments);

// run.ini: every option of a run as it was resolved, in the form that --config reads. `folder` is where the run's
// results are; options of the run's place (--run, --config, --help) are left out, so that a repetition gets a folder of
// its own.
std::string format_run_ini(std::span<const option_group> groups, const std::string& folder);

} // namespace syngrad::tools

// The help text of a table of options: a paragraph each, with its default in brackets.
#pragma once

#include "tools/command_line/option_row.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

// Lines are at most `width` columns, where no word is longer.
std::string format_option_help(std::span<const option_group> groups, std::size_t width = 100);

// Whether --help or -h is among them: then nothing else is looked at.
bool asks_for_help(std::span<const std::string> arguments);

} // namespace syngrad::tools

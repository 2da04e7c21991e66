// The help text of a table of options: a paragraph each, with its default in brackets.
#pragma once

#include "tools/command_line/option_row.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

// Lines are at most `width` columns, where no word is longer.
std::string format_option_help(std::span<const option_group> groups, std::size_t width = 100);

} // namespace syngrad::tools

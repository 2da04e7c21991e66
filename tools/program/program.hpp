// The program without its main(): picks the subcommand, or answers --help and --version.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

// `arguments`: the command line without the program's name.
exit_code run_program(std::span<const std::string> arguments);

} // namespace syngrad::tools

// What `syngrad NAME ...` can be: one file each, and one line in the registry.
#pragma once

#include "tools/exit_code.hpp"

#include <span>
#include <string>

namespace syngrad::tools {

struct subcommand {
  const char* name;
  const char* summary; // one line of `syngrad --help`
  // What follows the name on the command line. Prints its own errors, one line each.
  exit_code (*run)(std::span<const std::string> arguments);
};

// One line on the standard error, "syngrad NAME: MESSAGE", and how the program ends: what was found before any work,
// and what failed later.
exit_code refuse_command(const std::string& name, const std::string& message);
exit_code fail_command(const std::string& name, const std::string& message);

// Every subcommand, in the order of the help text.
std::span<const subcommand> subcommands();

} // namespace syngrad::tools

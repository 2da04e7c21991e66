// What `syngrad NAME ...` can be: one file each, and one line in the registry (program/program.cpp).
#pragma once

#include "tools/exit_code.hpp"

#include <iostream>
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
inline exit_code end_command(const std::string& name, const std::string& message, exit_code code) {
  std::cerr << "syngrad " << name << ": " << message << '\n';
  return code;
}
inline exit_code refuse_command(const std::string& name, const std::string& message) {
  return end_command(name, message, exit_code::bad_usage);
}
inline exit_code fail_command(const std::string& name, const std::string& message) {
  return end_command(name, message, exit_code::failed);
}

} // namespace syngrad::tools

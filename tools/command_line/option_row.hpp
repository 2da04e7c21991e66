// One option of a command: its line in the help text, how its value is read and how it is written back.
//
// A row refers to a variable that its command owns; the variable's value before reading is the default. So the same
// table gives the help text, the checks, and the file that repeats a run.
#pragma once

#include "runtime/io/value_text.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {
struct run_settings;
}

namespace syngrad::tools {

struct option_row {
  std::string name;     // without dashes
  std::string argument; // what stands for the value in the help text: "N", "DIR"; empty for a flag
  std::string help;
  // Sets the variable. The message says what was expected and what to do; the caller puts the option's name in front.
  std::function<status(const std::string& value)> set;
  // The variable as text that set() understands; none where it has no value.
  std::function<std::optional<std::string>()> get;
  std::string shown_default = {}; // instead of get()'s in the help text
};

struct option_group {
  std::string title;
  std::vector<option_row> rows;
};

// Rows for variables of the usual types. Ranges include their ends.
option_row whole_number(std::string name, std::int64_t& target, std::int64_t least, std::int64_t most,
                        std::string help);
option_row whole_number(std::string name, int& target, int least, int most, std::string help);
option_row optional_number(std::string name, std::optional<int>& target, int least, int most, std::string help);

option_row real_number(std::string name, std::string argument, double& target, real_range range, std::string help);
option_row optional_real(std::string name, std::string argument, std::optional<double>& target, real_range range,
                         std::string help);

option_row text(std::string name, std::string argument, std::string& target, std::string help,
                std::function<status(const std::string&)> check = {});
option_row choice(std::string name, std::string& target, std::vector<std::string> known, std::string help);
option_row flag(std::string name, bool& target, std::string help);

// A row for a setting of a run (actors/setting_schema.hpp), which says what it may be. `target` outlives it.
option_row setting_row(run_settings& target, const std::string& name, std::string help, std::string shown_default = "");

// What is wrong with an option, "--steps: WHY"; `option` without dashes.
error option_error(const std::string& option, const std::string& why);

} // namespace syngrad::tools

// The settings of a run, one by one: what each is called, what it may be, and how it is written and read as text. The
// program's options, run.ini, the order that a node receives and the library's checks all come from this table.
//
// A setting is checked by reading its own text, and travels between processes as that text: so whatever is out of range
// is refused in the same words, whichever way it came. What settings must be together is in run_check.hpp. Any thread.
#pragma once

#include "actors/settings.hpp"
#include "runtime/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace syngrad {

struct setting {
  std::string name; // of the option, without dashes
  std::string form; // what stands for its value in a help text: "N", "sgd|adam|adamw"; empty: true or false
  // Fails with what was expected, and then leaves the settings as they were.
  std::function<status(run_settings&, const std::string& text)> read;
  // As read() reads it; none: the setting has no value.
  std::function<std::optional<std::string>(const run_settings&)> text;
  bool is_option = true; // else only users of the library can set it
};

// Policies and objectives that are registered later are choices from then on.
std::vector<setting> setting_schema();

// Whether each setting by itself is what it may be: "steps: expected a whole number of at least 1, got '0'".
status check_values(const run_settings&);

// Settings on their way between processes.
struct setting_text {
  std::string name, value;
  bool operator==(const setting_text&) const = default;
};

// Every setting that has a value.
std::vector<setting_text> texts_of(const run_settings&);
// Fails where a setting is unknown, out of range, given twice or missing; says which.
result<run_settings> settings_of(const std::vector<setting_text>&);

} // namespace syngrad

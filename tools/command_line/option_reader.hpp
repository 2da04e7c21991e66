// A table of options and its text: read from the command line and a file, written as help and as the file that repeats
// a run.
#pragma once

#include "tools/command_line/option_row.hpp"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

// Reads a command's options from its command line and from a file, through Boost.Program_options.
//
// The command line wins over the file. Every error is one line that names the option (in the file: file and line).
class option_reader {
public:
  // Of each pair of `exclusive` options only one may be given; one on the command line replaces the other in the file.
  explicit option_reader(std::vector<option_group> groups,
                         std::vector<std::pair<std::string, std::string>> exclusive = {});

  // Arguments that are no options go to `words` from now on, instead of being refused. `words` outlives the reading.
  void take_words(std::vector<std::string>& words) { words_ = &words; }

  // Sets the rows' variables. A `--config FILE` among the arguments names the file, where the table has that row.
  status read(std::span<const std::string> arguments);

  // Whether the option was given, on the command line or in the file. After read().
  bool given(const std::string& name) const { return given_.contains(name); }

  const std::vector<option_group>& groups() const { return groups_; }

private:
  struct given_value {
    std::string name;
    std::string value;
    std::string origin; // "--steps", "run.ini:12: steps"
  };
  using given_values = std::vector<given_value>;

  result<given_values> read_command_line(std::span<const std::string> arguments) const;
  result<given_values> read_file(const std::string& path) const;
  status apply(const given_values&);
  status check_exclusive(const given_values&, const std::string& dashes) const;
  given_values merge(given_values command_line, given_values file) const;
  const option_row* find(const std::string& name) const;
  std::vector<std::string> names() const;

  std::vector<option_group> groups_;
  std::vector<std::pair<std::string, std::string>> exclusive_;
  std::set<std::string> given_;
  std::vector<std::string>* words_ = nullptr;
};

// A paragraph an option, with its default in brackets. Lines are at most `width` columns, where no word is longer.
std::string format_option_help(std::span<const option_group> groups, std::size_t width = 100);

// Of a table with many rows those that a help text explains, and the groups that have some.
std::vector<option_group> rows_named(const std::vector<std::string>& names, std::vector<option_group>);

// Whether --help or -h is among them: then nothing else is looked at.
bool asks_for_help(std::span<const std::string> arguments);

// run.ini: every option of a run as it was resolved, in the form that --config reads. `folder` is where the run's
// results are; options of where the run's folder is (--run, --resume, --config, --help) are left out, so that a
// repetition gets a folder of its own.
std::string format_run_ini(std::span<const option_group> groups, const std::string& folder);

} // namespace syngrad::tools

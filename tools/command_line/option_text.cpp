#include "tools/command_line/option_text.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace syngrad::tools {

namespace {

constexpr std::size_t help_column = 24;

std::string default_of(const option_row& row) {
  const auto value = row.shown_default.empty() ? row.get().value_or("") : row.shown_default;
  const bool goes_without_saying = value.empty() || (row.argument.empty() && value == "false");
  return goes_without_saying ? "" : " [" + value + "]";
}

// Continues a line that has `used` columns; every further line starts at the help column.
std::string wrap(const std::string& text, std::size_t used, std::size_t width) {
  std::istringstream words(text);
  std::string wrapped, word;
  for (bool first = true; words >> word; first = false) {
    if (!first && used + 1 + word.size() > width) {
      wrapped += '\n' + std::string(help_column, ' ');
      used = help_column;
    } else if (!first) {
      wrapped += ' ';
      ++used;
    }
    wrapped += word;
    used += word.size();
  }
  return wrapped + '\n';
}

std::string format_row(const option_row& row, std::size_t width) {
  auto head = "  --" + row.name + (row.argument.empty() ? "" : " " + row.argument);
  if (head.size() + 1 >= help_column)
    head += '\n' + std::string(help_column, ' ');
  else
    head.resize(help_column, ' ');
  return head + wrap(row.help + default_of(row), help_column, width);
}

} // namespace

std::string format_option_help(std::span<const option_group> groups, std::size_t width) {
  std::string text;
  for (const auto& group : groups) {
    text += group.title + ":\n";
    for (const auto& row : group.rows) text += format_row(row, width);
    text += '\n';
  }
  return text;
}

bool asks_for_help(std::span<const std::string> arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const auto& argument) { return argument == "--help" || argument == "-h"; });
}

std::string format_run_ini(std::span<const option_group> groups, const std::string& folder) {
  constexpr std::array<std::string_view, 3> left_out{"run", "config", "help"};
  std::string text = "# syngrad " SYNGRAD_VERSION "; results in " + folder +
                     "\n# Repeat this run: syngrad train --config " + folder + "/run.ini\n";
  for (const auto& group : groups) {
    text += "\n# " + group.title + "\n";
    for (const auto& row : group.rows) {
      if (std::find(left_out.begin(), left_out.end(), row.name) != left_out.end()) continue;
      if (const auto value = row.get())
        text += row.name + " = " + *value + "\n";
      else
        text += "# " + row.name + ": not set\n";
    }
  }
  return text;
}

} // namespace syngrad::tools

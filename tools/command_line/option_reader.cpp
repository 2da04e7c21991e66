#include "tools/command_line/option_reader.hpp"

#include "runtime/io/text_file.hpp"
#include "runtime/nearest_name.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace syngrad::tools {

namespace {

namespace po = boost::program_options;

// Every value is read as text: what it must look like is the row's business.
po::options_description describe(const std::vector<option_group>& groups) {
  po::options_description all;
  for (const auto& group : groups) {
    for (const auto& row : group.rows) {
      auto* value = po::value<std::string>();
      if (row.argument.empty()) value->implicit_value("true");
      all.add_options()(row.name.c_str(), value);
    }
  }
  return all;
}

// The line of `text` on which a config file sets `key`; 0 where it cannot be found.
int line_of_key(const std::string& text, const std::string& key) {
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto first = line.find_first_not_of(" \t");
    const auto end = line.find('=');
    if (first == std::string::npos || end == std::string::npos || line[first] == '#') continue;
    const auto last = line.find_last_not_of(" \t", end - 1);
    if (end > first && line.substr(first, last + 1 - first) == key) return number;
  }
  return 0;
}

int line_with(const std::string& text, const std::string& content) {
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number)
    if (line.find(content) != std::string::npos) return number;
  return 0;
}

std::string position_in_file(const std::string& path, int line) {
  return path + (line > 0 ? ":" + std::to_string(line) : "") + ": ";
}

error explain(const po::error& failure) {
  if (const auto* named = dynamic_cast<const po::error_with_option_name*>(&failure)) {
    const auto& name = named->get_option_name();
    if (const auto* syntax = dynamic_cast<const po::invalid_syntax*>(&failure)) {
      using enum po::invalid_syntax::kind_t;
      if (syntax->kind() == missing_parameter || syntax->kind() == empty_adjacent_parameter)
        return error::setting(name + " needs a value; write " + name + " VALUE");
    }
    return error::setting(name + ": " + failure.what());
  }
  return error::setting(failure.what());
}

std::string strip_dashes(const std::string& token) {
  const auto first = token.find_first_not_of('-');
  const auto word = first == std::string::npos ? token : token.substr(first);
  return word.substr(0, word.find('='));
}

} // namespace

option_reader::option_reader(std::vector<option_group> groups,
                             std::vector<std::pair<std::string, std::string>> exclusive)
  : groups_(std::move(groups)), exclusive_(std::move(exclusive)) {}

status option_reader::read(std::span<const std::string> arguments) {
  auto command_line = read_command_line(arguments);
  if (!command_line) return command_line.failure();
  if (auto good = check_exclusive(*command_line, "--"); !good) return good;
  given_values file;
  for (const auto& reading : *command_line) {
    if (reading.name != "config") continue;
    auto from_file = read_file(reading.value);
    if (!from_file) return from_file.failure();
    if (auto good = check_exclusive(*from_file, ""); !good) return good;
    file = std::move(*from_file);
  }
  return apply(merge(std::move(*command_line), std::move(file)));
}

result<option_reader::given_values> option_reader::read_command_line(std::span<const std::string> arguments) const {
  const std::vector<std::string> words(arguments.begin(), arguments.end());
  const auto described = describe(groups_);
  using namespace po::command_line_style;
  try {
    const auto parsed = po::command_line_parser(words)
                          .options(described)
                          .style(allow_long | long_allow_adjacent | long_allow_next)
                          .allow_unregistered()
                          .run();
    given_values read;
    for (const auto& option : parsed.options) {
      if (option.unregistered) {
        const auto word = strip_dashes(option.original_tokens.front());
        return error::setting("unknown option --" + visible(word) + suggest(word, names(), "--"));
      }
      if (option.position_key >= 0) {
        const auto& word = option.original_tokens.front();
        if (words_) {
          words_->push_back(word);
          continue;
        }
        return error::setting("unexpected argument '" + visible(word) + "'" +
                              suggest(strip_dashes(word), names(), "--") + "; options are written --NAME VALUE");
      }
      for (const auto& earlier : read)
        if (earlier.name == option.string_key)
          return error::setting("--" + option.string_key + " is given more than once; give it once");
      read.push_back(
        {option.string_key, option.value.empty() ? "true" : option.value.front(), "--" + option.string_key});
    }
    return read;
  } catch (const po::error& failure) {
    return explain(failure);
  }
}

result<option_reader::given_values> option_reader::read_file(const std::string& path) const {
  const auto content = read_text_file(path);
  if (!content) return content.failure().prefixed("--config: ");
  const auto& text = *content;
  std::istringstream lines(text);
  try {
    const auto parsed = po::parse_config_file(lines, describe(groups_), true);
    given_values read;
    for (const auto& option : parsed.options) {
      const auto& key = option.string_key;
      const auto origin = position_in_file(path, line_of_key(text, key)) + key;
      if (key == "config") return error::setting(origin + ": a file cannot name another one; leave it out");
      if (option.unregistered)
        return error::setting(position_in_file(path, line_of_key(text, key)) + "unknown option '" + visible(key) + "'" +
                              suggest(key, names(), ""));
      for (const auto& earlier : read)
        if (earlier.name == key) return error::setting(origin + " is set more than once; set it once");
      read.push_back({key, option.value.empty() ? "" : option.value.front(), origin});
    }
    return read;
  } catch (const po::invalid_config_file_syntax& failure) {
    const auto& line = failure.tokens();
    return error::setting(position_in_file(path, line_with(text, line)) + "expected 'NAME = VALUE', got '" +
                          visible(line) + "'");
  } catch (const po::error& failure) {
    return error::setting(path + ": " + failure.what());
  }
}

status option_reader::check_exclusive(const given_values& read, const std::string& dashes) const {
  const auto origin = [&](const std::string& name) -> const std::string* {
    for (const auto& reading : read)
      if (reading.name == name) return &reading.origin;
    return nullptr;
  };
  for (const auto& [one, other] : exclusive_) {
    const auto* first = origin(one);
    if (first && origin(other))
      return error::setting(*first + " and " + dashes + other + " exclude each other; give one of them");
  }
  return ok();
}

option_reader::given_values option_reader::merge(given_values command_line, given_values file) const {
  const auto on_command_line = [&](const std::string& name) {
    return std::any_of(command_line.begin(), command_line.end(), [&](const auto& r) { return r.name == name; });
  };
  const auto replaced = [&](const given_value& old) {
    if (on_command_line(old.name)) return true;
    return std::any_of(exclusive_.begin(), exclusive_.end(), [&](const auto& pair) {
      return (pair.first == old.name && on_command_line(pair.second)) ||
             (pair.second == old.name && on_command_line(pair.first));
    });
  };
  std::erase_if(file, replaced);
  file.insert(file.end(), command_line.begin(), command_line.end());
  return file;
}

status option_reader::apply(const given_values& read) {
  for (const auto& reading : read) {
    if (auto done = find(reading.name)->set(reading.value); !done)
      return done.failure().prefixed(reading.origin + ": ");
    given_.insert(reading.name);
  }
  return ok();
}

const option_row* option_reader::find(const std::string& name) const {
  for (const auto& group : groups_)
    for (const auto& row : group.rows)
      if (row.name == name) return &row;
  return nullptr;
}

std::vector<std::string> option_reader::names() const {
  std::vector<std::string> all;
  for (const auto& group : groups_)
    for (const auto& row : group.rows) all.push_back(row.name);
  return all;
}

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

std::vector<option_group> rows_named(const std::vector<std::string>& names, std::vector<option_group> groups) {
  for (auto& group : groups)
    std::erase_if(group.rows, [&](const auto& row) { return std::ranges::count(names, row.name) == 0; });
  std::erase_if(groups, [](const auto& group) { return group.rows.empty(); });
  return groups;
}

bool asks_for_help(std::span<const std::string> arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const auto& argument) { return argument == "--help" || argument == "-h"; });
}

std::string format_run_ini(std::span<const option_group> groups, const std::string& folder) {
  constexpr std::array<std::string_view, 4> left_out{"run", "config", "help", "resume"};
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

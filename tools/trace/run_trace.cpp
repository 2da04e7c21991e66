#include "runtime/io/output_file.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/nearest_name.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/subcommand.hpp"
#include "tools/trace/answer.hpp"
#include "tools/trace/trace_command.hpp"
#include "tools/trace/trace_options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sys/ioctl.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

// As it is called: "trace info".
std::string full_name(const trace_command& command) {
  return std::string("trace ") + command.name;
}

void print_trace_help() {
  std::cout
    << "Usage: syngrad trace COMMAND RUN... [OPTION]...\n\n"
       "Answers questions about a run from the messages that it recorded (syngrad train --trace). RUN is the run's\n"
       "folder. It may still be going on.\n\nCommands:\n";
  for (const auto* command : trace_commands())
    std::cout << "  " << std::left << std::setw(11) << command->name << command->summary << '\n';
  std::cout << "\n  syngrad trace COMMAND --help     what its columns mean, and all options\n\n"
               "Start with `syngrad trace info RUN`.\n";
}

void print_command_help(const trace_command& command, const std::vector<option_group>& options) {
  std::cout << "Usage: syngrad trace " << command.name << ' ' << command.arguments << " [OPTION]...\n\n"
            << command.explained << "\n\n"
            << format_option_help(options);
}

const trace_command* find_trace_command(const std::string& name) {
  for (const auto* command : trace_commands())
    if (name == command->name) return command;
  return nullptr;
}

int terminal_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40) return size.ws_col;
  return 100;
}

// Where a word stands tells what it is: runs come first, then the command's own arguments.
status sort_words(const std::vector<std::string>& words, const trace_command& command, trace_request& request) {
  const auto usage = std::string("; usage: syngrad trace ") + command.name + " " + command.arguments;
  const auto runs = std::min(words.size(), static_cast<std::size_t>(command.most_runs));
  request.folders.assign(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(runs));
  request.words.assign(words.begin() + static_cast<std::ptrdiff_t>(runs), words.end());
  std::error_code ignored;
  for (const auto& folder : request.folders)
    if (!std::filesystem::is_directory(folder, ignored))
      return error{"'" + visible(folder) + "' is not a folder" + usage};
  if (runs < static_cast<std::size_t>(command.least_runs))
    return error{std::string(runs == 0 ? "name the folder of a run" : "name one more run") + usage};
  if (!command.takes_words && !request.words.empty())
    return error{"unexpected argument '" + visible(request.words.front()) + "'" + usage};
  return ok();
}

// The only one where --table names it; csv has room for one, the first.
status choose_tables(answer& what, const trace_request& request) {
  std::vector<std::string> names;
  for (const auto& table : what.tables) names.push_back(table.name);
  const auto is_other = [&](const answer_table& table) { return table.name != request.table; };
  if (!request.table.empty()) {
    if (std::find(names.begin(), names.end(), request.table) == names.end())
      return error{"--table: there is no table '" + visible(request.table) + "' in this answer" +
                   suggest(request.table, names, "") + (names.empty() ? "" : "; there are: " + join_choices(names))};
    what.text.clear();
    std::erase_if(what.tables, is_other);
  } else if (request.format == "csv" && names.size() > 1) {
    names.erase(names.begin());
    what.notes.push_back("csv shows one table; --table NAME another one: " + join_choices(names) + ".");
    what.tables.resize(1);
  }
  return ok();
}

answer_context answer_context_of(const answer& what, const trace_request& request) {
  answer_context context{what.records, what.lost, 1};
  for (const auto& run : request.runs) {
    context.records += run.records();
    context.lost += run.lost();
    context.sample = std::max(context.sample, run.sample());
  }
  return context;
}

std::string format_answer(const answer& what, const trace_request& request) {
  const auto context = answer_context_of(what, request);
  if (request.format == "json") return format_json(what, context);
  if (request.format == "table") return format_table(what, context);
  return what.tables.empty() ? "" : format_csv(what.tables.front());
}

// To `file` where there is one.
status show_answer(const answer& what, const trace_request& request, std::optional<output_file>& file) {
  const auto text = format_answer(what, request);
  if (file)
    file->write(text);
  else
    (what.aside ? std::cerr : std::cout) << text << std::flush;
  if (request.format == "csv") std::cerr << format_remarks(what, answer_context_of(what, request)); // csv is rows only
  return file ? file->commit() : ok();
}

// What is there all the same, and what was left out of it.
void warn_of_damage(const trace_request& request) {
  for (const auto& run : request.runs)
    for (const auto& damage : run.damage())
      std::cerr << "syngrad trace: warning: " << damage.file << ": " << damage.what << ", " << damage.bytes
                << " bytes at " << damage.offset << " left out\n";
}

// Opens what the command wants open, runs it and shows what it found.
exit_code answer_request(const trace_command& command, trace_request& request, const trace_options& options) {
  if (command.opens_runs) {
    for (const auto& folder : request.folders) {
      auto run = trace_run::open(folder);
      if (!run) return refuse_command(full_name(command), run.message());
      request.runs.push_back(std::move(*run));
    }
    auto filter = make_trace_filter(options, request.run());
    if (!filter) return refuse_command(full_name(command), filter.message());
    request.filter = std::move(*filter);
  }
  std::optional<output_file> file;
  if (!request.out.empty() && !command.makes_files) {
    auto made = output_file::create(request.out);
    if (!made) return refuse_command(full_name(command), "--out: " + made.message());
    file.emplace(std::move(*made));
  }
  auto found = command.run(request);
  if (!found) return refuse_command(full_name(command), found.message());
  if (!found->failure.empty()) return fail_command(full_name(command), found->failure);
  if (auto chosen = choose_tables(*found, request); !chosen)
    return refuse_command(full_name(command), chosen.message());
  if (auto shown = show_answer(*found, request, file); !shown) return fail_command(full_name(command), shown.message());
  warn_of_damage(request);
  return found->code;
}

exit_code run_command(const trace_command& command, std::span<const std::string> arguments) {
  trace_options options;
  std::vector<std::string> words;
  option_reader reader(trace_option_table(options));
  reader.take_words(words);
  if (asks_for_help(arguments)) {
    print_command_help(command, reader.groups());
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse_command(full_name(command), read.message());
  trace_request request;
  request.format = options.format;
  request.table = options.table;
  request.out = options.out;
  request.force = options.force;
  request.limit = options.limit;
  request.every_s = options.every_s;
  request.width = terminal_width();
  if (auto good = sort_words(words, command, request); !good) return refuse_command(full_name(command), good.message());
  return answer_request(command, request, options);
}

} // namespace

exit_code run_trace(std::span<const std::string> arguments) {
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h" || arguments.front() == "help") {
    print_trace_help();
    return exit_code::done;
  }
  const auto* command = find_trace_command(arguments.front());
  if (command) return run_command(*command, arguments.subspan(1));
  std::vector<std::string> names;
  for (const auto* each : trace_commands()) names.emplace_back(each->name);
  return refuse_command("trace", "unknown command '" + arguments.front() + "'" + suggest(arguments.front(), names, "") +
                                   "; `syngrad trace --help` lists the commands");
}

std::span<const trace_command* const> trace_commands() {
  static constexpr std::array registry{
    &info_command,    &check_command, &show_command, &follow_command,    &util_command,
    &latency_command, &queue_command, &path_command, &staleness_command, &gradients_command,
    &bytes_command,   &locks_command, &why_command,  &diff_command,      &report_command,
    &export_command,  &merge_command, &tail_command, &recover_command,
  };
  return registry;
}

} // namespace syngrad::tools

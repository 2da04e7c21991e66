#include "tools/trace/run_trace.hpp"

#include "tools/command_line/nearest_name.hpp"
#include "tools/command_line/option_help.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/trace/answer_format.hpp"
#include "tools/trace/trace_command.hpp"
#include "tools/trace/trace_options.hpp"

#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

exit_code refuse(const std::string& command, const std::string& message) {
  std::cerr << "syngrad trace" << (command.empty() ? "" : " " + command) << ": " << message << '\n';
  return exit_code::bad_usage;
}

void print_help() {
  std::cout
    << "Usage: syngrad trace COMMAND RUN... [OPTION]...\n\n"
       "Answers questions about a run from the messages that it recorded (syngrad train --trace). RUN is the run's\n"
       "folder. It may still be going on.\n\nCommands:\n";
  for (const auto* command : trace_commands())
    std::cout << "  " << std::left << std::setw(11) << command->name << command->summary << '\n';
  std::cout << "\n  syngrad trace COMMAND --help     what its columns mean, and all options\n\n"
               "Start with `syngrad trace info RUN`.\n";
}

void print_help(const trace_command& command, const std::vector<option_group>& options) {
  std::cout << "Usage: syngrad trace " << command.name << ' ' << command.arguments << " [OPTION]...\n\n"
            << command.explained << "\n\n"
            << format_option_help(options);
}

const trace_command* find(const std::string& name) {
  for (const auto* command : trace_commands())
    if (name == command->name) return command;
  return nullptr;
}

int terminal_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 40) return size.ws_col;
  return 100;
}

// Folders are runs; everything else is the command's own argument.
void sort_words(const std::vector<std::string>& words, const trace_command& command, trace_request& request) {
  for (const auto& word : words) {
    std::error_code ignored;
    const bool is_folder = std::filesystem::is_directory(word, ignored);
    const bool must_be =
      request.folders.size() < static_cast<std::size_t>(command.least_runs) && word.find('/') != std::string::npos;
    (is_folder || must_be ? request.folders : request.words).push_back(word);
  }
}

status check_runs(const trace_command& command, const trace_request& request) {
  const auto count = static_cast<int>(request.folders.size());
  const auto usage = std::string("; usage: syngrad trace ") + command.name + " " + command.arguments;
  if (count < command.least_runs) {
    if (!request.words.empty()) return error{"'" + request.words.front() + "' is not a folder" + usage};
    return error{"name the folder of a run" + usage};
  }
  if (count > command.most_runs) return error{"too many runs" + usage};
  return ok();
}

std::string format(const answer& what, const trace_request& request) {
  answer_context context{what.records, what.lost, 1};
  for (const auto& run : request.runs) {
    context.records += run.records();
    context.lost += run.lost();
    context.sample = std::max(context.sample, run.sample());
  }
  if (request.format == "csv") return format_csv(what, context);
  if (request.format == "json") return format_json(what, context);
  return format_table(what, context);
}

exit_code run_command(const trace_command& command, std::span<const std::string> arguments) {
  trace_options options;
  std::vector<std::string> words;
  option_reader reader(trace_option_table(options));
  reader.take_words(words);
  if (asks_for_help(arguments)) {
    print_help(command, reader.groups());
    return exit_code::done;
  }
  if (auto read = reader.read(arguments); !read) return refuse(command.name, read.message());
  trace_request request;
  request.format = options.format;
  request.out = options.out;
  request.force = options.force;
  request.limit = options.limit;
  request.every_s = options.every_s;
  request.width = terminal_width();
  sort_words(words, command, request);
  if (auto good = check_runs(command, request); !good) return refuse(command.name, good.message());
  if (command.opens_runs) {
    for (const auto& folder : request.folders) {
      auto run = trace_run::open(folder);
      if (!run) return refuse(command.name, run.message());
      request.runs.push_back(std::move(*run));
    }
    auto filter = make_trace_filter(options, request.run());
    if (!filter) return refuse(command.name, filter.message());
    request.filter = std::move(*filter);
  }
  auto found = command.run(request);
  if (!found) return refuse(command.name, found.message());
  std::cout << format(*found, request) << std::flush;
  for (const auto& run : request.runs)
    for (const auto& damage : run.damage())
      std::cerr << "syngrad trace: warning: " << damage.file << ": " << damage.what << ", " << damage.bytes
                << " bytes at " << damage.offset << " left out\n";
  return found->code;
}

} // namespace

exit_code run_trace(std::span<const std::string> arguments) {
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h" || arguments.front() == "help") {
    print_help();
    return exit_code::done;
  }
  const auto* command = find(arguments.front());
  if (command) return run_command(*command, arguments.subspan(1));
  std::vector<std::string> names;
  for (const auto* each : trace_commands()) names.emplace_back(each->name);
  return refuse("", "unknown command '" + arguments.front() + "'" + suggest(arguments.front(), names, "") +
                      "; `syngrad trace --help` lists the commands");
}

} // namespace syngrad::tools

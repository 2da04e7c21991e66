#include "runtime/io/output_file.hpp"
#include "runtime/io/text_file.hpp"
#include "runtime/io/value_text.hpp"
#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"
#include "tools/command_line/option_reader.hpp"
#include "tools/subcommand.hpp"
#include "tools/trace/answer.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sys/ioctl.h>
#include <unistd.h>

namespace syngrad::tools {

namespace {

// What to look at, and how to show it: the options of every command.
struct trace_options {
  std::optional<double> from_s, to_s; // since the first record
  std::string batch, actor, interface, type, node, where;
  std::string format = "table", table, out;
  std::int64_t limit = 0;
  double every_s = 1;
  bool force = false, help = false;
};

result<std::pair<std::uint32_t, std::uint32_t>> parse_batches(const std::string& text) {
  const auto dash = text.find('-');
  const auto first = parse_whole(text.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_whole(text.substr(dash + 1));
  if (!first || !last || *first < 0 || *last < *first || *last >= no_trace_batch)
    return option_error("batch", "expected N or FIRST-LAST, got '" + text + "'; write for example --batch 120");
  return std::pair{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

template <class Number>
status narrow(const std::string& option, const std::string& text, std::int64_t most, std::optional<Number>& to) {
  if (text.empty()) return ok();
  const auto number = parse_whole(text);
  if (!number || *number < 0 || *number > most)
    return option_error(option, "expected a number from 0 to " + std::to_string(most) + ", got '" + text + "'");
  to = static_cast<Number>(*number);
  return ok();
}

std::int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

std::vector<option_group> trace_option_table(trace_options& o) {
  const real_range from_zero{0, 1e9};
  return {
    {"What to look at",
     {optional_real("from", "SECONDS", o.from_s, from_zero, "Only from then on, since the first record"),
      optional_real("to", "SECONDS", o.to_s, from_zero, "Only before then"),
      text("batch", "N|N-M", o.batch, "Only these batches"),
      text("actor", "NAME,...", o.actor,
           "Only messages from or to these: 'group 3', or 3 for it, or predictor for all"),
      text("interface", "N", o.interface, "Only the interface between group N and group N+1"),
      text("type", "TYPE", o.type, "Only messages of this type: activation, gradient, predict, credit, ..."),
      text("node", "N", o.node, "Only this node"),
      text("where", "EXPR", o.where,
           "Only records that it holds for: \"type = gradient and bytes > 1000\". Fields: time, kind, type, actor, "
           "peer, batch, version, bytes, value, interface, node, message, parent, measure")}},
    {"How to show it",
     {choice("format", o.format, {"table", "csv", "json"},
             "For people, for spreadsheets, or for programs. csv is one table, rows only: the first, or --table; lost "
             "records and all remarks go to the standard error"),
      text("table", "NAME", o.table, "Only this table of the answer, by its name"),
      text(
        "out", "PATH", o.out,
        "Write there instead of to the terminal, or of commands that make files: instead of into the run's folder. A "
        "regular file is replaced as a whole and keeps its permissions, anything else (a device, a FIFO) is written "
        "into; - is the standard output"),
      whole_number("limit", o.limit, 0, std::int64_t{1} << 40, "At most so many rows; 0: the command's own choice"),
      real_number("every", "SECONDS", o.every_s, {0.05, 3600}, "tail: time from one view to the next"),
      flag("force", o.force,
           "Go on where the command would rather not: merge without calibrated clocks, files in the way"),
      flag("help", o.help, "This text")}}};
}

result<trace_filter> make_trace_filter(const trace_options& options, const trace_run& run) {
  trace_filter filter;
  if (options.from_s) filter.from_ns = run.begin_ns() + nanoseconds(*options.from_s);
  if (options.to_s) filter.to_ns = run.begin_ns() + nanoseconds(*options.to_s);
  if (!options.batch.empty()) {
    auto batches = parse_batches(options.batch);
    if (!batches) return batches.failure();
    filter.batches = *batches;
  }
  if (!options.actor.empty()) {
    auto actors = find_actors(options.actor, run.names());
    if (!actors) return actors.failure().prefixed("--actor: ");
    filter.actors = std::move(*actors);
  }
  if (!options.type.empty()) {
    const auto type = trace_message_named(options.type);
    std::vector<std::string> known;
    for (int i = 0; i < trace_message_count; ++i) known.emplace_back(name_of(static_cast<trace_message>(i)));
    if (!type)
      return option_error("type", "there is no message type '" + options.type + "'" + suggest(options.type, known, ""));
    filter.type = static_cast<std::uint8_t>(*type);
  }
  if (auto done = narrow("interface", options.interface, no_interface - 1, filter.interface); !done)
    return done.failure();
  if (auto done = narrow("node", options.node, 255, filter.node); !done) return done.failure();
  if (!options.where.empty()) {
    auto where = where_expression::parse(options.where, run.names());
    if (!where) return where.failure().prefixed("--where: ");
    filter.where = std::move(*where);
  }
  return filter;
}

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
      return error::setting("'" + visible(folder) + "' is not a folder" + usage);
  if (runs < static_cast<std::size_t>(command.least_runs))
    return error::setting(std::string(runs == 0 ? "name the folder of a run" : "name one more run") + usage);
  if (!command.takes_words && !request.words.empty())
    return error::setting("unexpected argument '" + visible(request.words.front()) + "'" + usage);
  return ok();
}

// The only one where --table names it; csv has room for one, the first.
status choose_tables(answer& what, const trace_request& request) {
  std::vector<std::string> names;
  for (const auto& table : what.tables) names.push_back(table.name);
  const auto is_other = [&](const answer_table& table) { return table.name != request.table; };
  if (!request.table.empty()) {
    if (std::find(names.begin(), names.end(), request.table) == names.end())
      return error::setting("--table: there is no table '" + visible(request.table) + "' in this answer" +
                            suggest(request.table, names, "") +
                            (names.empty() ? "" : "; there are: " + join_choices(names)));
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
      if (!run) return refuse_command(full_name(command), run.failure());
      request.runs.push_back(std::move(*run));
    }
    auto filter = make_trace_filter(options, request.run());
    if (!filter) return refuse_command(full_name(command), filter.failure());
    request.filter = std::move(*filter);
  }
  std::optional<output_file> file;
  if (!request.out.empty() && !command.makes_files) {
    auto made = output_file::create(request.out);
    if (!made) return refuse_command(full_name(command), made.failure().prefixed("--out: "));
    file.emplace(std::move(*made));
  }
  auto found = command.run(request);
  if (!found) return refuse_command(full_name(command), found.failure());
  if (found->failure) return fail_command(full_name(command), *found->failure);
  if (auto chosen = choose_tables(*found, request); !chosen)
    return refuse_command(full_name(command), chosen.failure());
  if (auto shown = show_answer(*found, request, file); !shown) return fail_command(full_name(command), shown.failure());
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
  if (auto read = reader.read(arguments); !read) return refuse_command(full_name(command), read.failure());
  trace_request request;
  request.format = options.format;
  request.table = options.table;
  request.out = options.out;
  request.force = options.force;
  request.limit = options.limit;
  request.every_s = options.every_s;
  request.width = terminal_width();
  if (auto good = sort_words(words, command, request); !good) return refuse_command(full_name(command), good.failure());
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
  return refuse_command("trace", error::setting("unknown command '" + arguments.front() + "'" +
                                                suggest(arguments.front(), names, "") +
                                                "; `syngrad trace --help` lists the commands"));
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

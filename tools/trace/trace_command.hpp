// What `syngrad trace NAME RUN...` can be: each is defined under commands/, and has a line here and in run_trace.cpp.
#pragma once

#include "runtime/result.hpp"
#include "tools/trace/answer.hpp"
#include "tools/trace/trace_filter.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

struct trace_request {
  std::vector<trace_run> runs;      // as many as the command wants
  std::vector<std::string> folders; // as they were named
  trace_filter filter;              // of the first run's names
  std::vector<std::string> words;   // arguments behind the runs: MESSAGE, ACTOR VERSION, perfetto
  std::string format = "table";     // table | csv | json
  std::string table;                // --table: the only one to show; empty: not given
  std::string out;                  // --out: file or folder; empty: not given
  bool force = false;               // --force
  std::int64_t limit = 0;           // --limit: rows; 0: the command's own default
  double every_s = 1;               // --every: seconds between views
  int width = 100;                  // columns of the terminal, for bars

  const trace_run& run() const { return runs.front(); }
};

struct trace_command {
  const char* name;
  const char* arguments; // "RUN", "RUN MESSAGE", "RUN RUN"
  const char* summary;   // one line: the question that it answers
  const char* explained; // a paragraph for `syngrad trace NAME --help`: what the columns mean
  int least_runs, most_runs;
  bool opens_runs; // false: the command opens `folders` itself (recover, tail)
  // An error is bad usage, and its message names argument and remedy; what fails later is answer::failed().
  result<answer> (*run)(const trace_request&);
  bool takes_words = false; // arguments of its own come after the runs
  bool makes_files = false; // --out is where; of other commands it is where the answer goes
};

// Every command, in the order of the help text.
std::span<const trace_command* const> trace_commands();

// The commands, each defined in the file of its name or of its family.
extern const trace_command bytes_command;
extern const trace_command check_command;
extern const trace_command diff_command;
extern const trace_command export_command;
extern const trace_command follow_command;
extern const trace_command gradients_command;
extern const trace_command info_command;
extern const trace_command latency_command;
extern const trace_command locks_command;
extern const trace_command merge_command;
extern const trace_command path_command;
extern const trace_command queue_command;
extern const trace_command recover_command;
extern const trace_command report_command;
extern const trace_command show_command;
extern const trace_command staleness_command;
extern const trace_command tail_command;
extern const trace_command util_command;
extern const trace_command why_command;

} // namespace syngrad::tools

// What `syngrad trace NAME RUN...` can be: a file each under commands/, and a line in trace_commands.cpp.
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
  std::vector<std::string> words;   // arguments that are no folders: MESSAGE, ACTOR VERSION, perfetto
  std::string format = "table";     // table | csv | json
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
  bool opens_runs;                             // false: the command opens `folders` itself (recover, tail)
  result<answer> (*run)(const trace_request&); // an error is bad usage: its message names argument and remedy
};

// Every command, in the order of the help text.
std::span<const trace_command* const> trace_commands();

} // namespace syngrad::tools

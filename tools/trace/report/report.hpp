// The report of a run: what it shows, found out beforehand, and the page that is made from that.
#pragma once

#include "runtime/io/output_file.hpp"
#include "tools/trace/analysis/causal_analyses.hpp"
#include "tools/trace/analysis/timing_analyses.hpp"
#include "tools/trace/analysis/training_analyses.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace syngrad::tools {

// The few numbers of a run's summary.json that a report opens with.
struct run_summary {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  std::string end;              // "finished", "interrupted", ...; empty: unknown
  std::string metric;           // that judges, as its column: "error_percent"; empty: unknown
  double test_metric = unknown; // on the test set
  double samples_per_s = unknown, wall_s = unknown, steps = unknown;
};

// What cannot be read, or is not there, stays unknown: a report is made of a killed run, too.
run_summary read_run_summary(const std::string& path);

// All that a report shows: making the page from it touches no file and no trace.
struct report_data {
  std::string run;     // its name: the folder's last part
  std::string started; // "2025-03-01 12:00:00 UTC"; empty: unknown
  run_summary summary; // from summary.json
  trace_names names;   // with the facts of the run
  std::int64_t span_ns = 0;
  std::uint64_t records = 0, lost = 0;
  std::uint32_t sample = 1;
  bool ended = true;
  std::size_t nodes = 1;
  std::int64_t clock_uncertainty_ns = 0; // negative: unknown
  std::vector<std::string> bottlenecks;  // a sentence each, the worst first
  std::vector<std::string> damage;       // a sentence each

  utilisation times;
  latencies latency;
  queue_depths queues;
  staleness_result staleness;
  gradient_qualities gradients;
  traffic bytes;
  result<critical_path> path = error::data("it was not looked for");
  result<lock_replay> locks = error::data("it was not replayed");
};

// One HTML page that needs nothing else: no script, no font, no picture from anywhere.
std::string make_report(const report_data&);

// The style sheet of the report: colours of light and dark, type, and how the page fits a phone.
std::string_view page_style();

// Every analysis, of an opened trace. `run_folder`: where summary.json may be. Each analysis passes through the trace
// once; in memory is what the critical path needs (80 bytes a handled message), and else what does not grow with it.
report_data gather_report(const trace_run&, const trace_filter&, const std::string& run_folder);

// Reads the trace of `run_folder` and writes the page to `path`, whole or not at all. Fails where there is no trace, or
// where the file cannot be written. Any thread; the trace may still be growing.
status write_report(const std::string& run_folder, const std::string& path);
// Of an opened trace, into an opened file, which it commits.
status write_report(const trace_run&, const trace_filter&, const std::string& run_folder, output_file&);

} // namespace syngrad::tools

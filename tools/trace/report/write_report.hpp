// Makes the report of a run: every analysis, one page. Each analysis passes through the trace once; in memory is what
// the critical path needs (80 bytes a handled message), and else what does not grow with the trace.
#pragma once

#include "runtime/io/output_file.hpp"
#include "tools/trace/report/report_data.hpp"

#include <string>

namespace syngrad::tools {

// Of an opened trace. `run_folder`: where summary.json may be.
report_data gather_report(const trace_run&, const trace_filter&, const std::string& run_folder);

// Reads the trace of `run_folder` and writes the page to `path`, whole or not at all. Fails where there is no trace, or
// where the file cannot be written. Any thread; the trace may still be growing.
status write_report(const std::string& run_folder, const std::string& path);
// Of an opened trace, into an opened file, which it commits.
status write_report(const trace_run&, const trace_filter&, const std::string& run_folder, output_file&);

} // namespace syngrad::tools

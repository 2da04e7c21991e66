// A format that a trace can be exported to: a line in export_formats.cpp, and a file of its own where it is not text.
#pragma once

#include "runtime/io/output_file.hpp"
#include "tools/trace/trace_filter.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace syngrad::tools {

// What was written, and what is to be known about it.
struct exported {
  std::uint64_t records = 0;
  std::vector<std::string> notes; // whole sentences
};

struct export_format {
  const char* name;        // "csv"
  const char* file_name;   // in the run's folder, unless --out says where: "trace.csv"
  const char* use;         // what to do with the file, a sentence
  bool needs_regular_file; // it is not written from its begin to its end
  // Writes the records that pass, and commits the file.
  result<exported> (*write)(const trace_run&, const trace_filter&, output_file&);
};

std::span<const export_format* const> export_formats();

extern const export_format csv_export, json_export, perfetto_export, sqlite_export;

} // namespace syngrad::tools

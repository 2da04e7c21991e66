// A format that a trace can be exported to: a file each in this folder, and a line in export_formats.cpp.
#pragma once

#include "runtime/result.hpp"
#include "tools/trace/trace_filter.hpp"
#include "tools/trace/trace_run.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace syngrad::tools {

struct export_format {
  const char* name;      // "csv"
  const char* file_name; // in the run's folder, unless --out says where: "trace.csv"
  const char* use;       // what to do with the file, a sentence
  // Writes the records that pass to `path`, which appears whole or not at all. Returns how many there were.
  result<std::uint64_t> (*write)(const trace_run&, const trace_filter&, const std::string& path);
};

std::span<const export_format* const> export_formats();

extern const export_format csv_export, json_export, perfetto_export, sqlite_export;

} // namespace syngrad::tools

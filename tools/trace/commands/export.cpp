#include "tools/command_line/nearest_name.hpp"
#include "tools/trace/commands/commands.hpp"
#include "tools/trace/export/export_format.hpp"

#include <filesystem>

namespace syngrad::tools {

namespace {

result<const export_format*> find_format(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  std::string all;
  for (const auto* format : export_formats()) {
    names.emplace_back(format->name);
    all += (all.empty() ? "" : ", ") + names.back();
  }
  if (words.size() != 1) return error{"name one format: " + all + "; for example: syngrad trace export RUN perfetto"};
  for (const auto* format : export_formats())
    if (words.front() == format->name) return format;
  return error{"there is no format '" + words.front() + "'" + suggest(words.front(), names, "") +
               "; there are: " + all};
}

// What was given to the file, or for one that another library wrote what it has.
std::int64_t bytes_of(const output_file& file, const export_format& format) {
  std::error_code unknown;
  return static_cast<std::int64_t>(format.needs_regular_file ? std::filesystem::file_size(file.path(), unknown)
                                                             : file.bytes());
}

result<answer> answer_export(const trace_request& request) {
  const auto format = find_format(request.words);
  if (!format) return format.failure();
  const auto path = request.out.empty() ? request.folders.front() + "/" + (*format)->file_name : request.out;
  auto file = (*format)->needs_regular_file ? output_file::create_regular(path) : output_file::create(path);
  if (!file) return error{"--out: " + file.message()};
  const auto written = (*format)->write(request.run(), request.filter, *file);
  if (!written) return answer::failed(written.message());
  answer out;
  out.aside = file->is_standard_output();
  out.tables.push_back({"exported",
                        {{"file", "", 0}, {"records", "", 0}, {"bytes", "", 0}},
                        {{file->path(), static_cast<std::int64_t>(written->records), bytes_of(*file, **format)}}});
  out.notes = written->notes;
  out.notes.emplace_back((*format)->use);
  return out;
}

} // namespace

const trace_command export_command{
  "export",
  "RUN perfetto|sqlite|csv|json [--out FILE]",
  "the records for other programs: Perfetto, SQLite, CSV, JSON",
  "Writes the records that pass the filters into one file, in the run's folder unless --out says where.\n"
  "--out - writes to the standard output; sqlite needs a file.\n\n"
  "  perfetto  for https://ui.perfetto.dev: nodes are processes, actors threads, streams tracks; a handler is a "
  "slice,\n"
  "            a message an arrow from its send to its handler; queue depth, staleness, cosine and the other measures\n"
  "            are counters\n"
  "  sqlite    tables records, actors, facts; views messages, handlers, updates, metrics, staleness\n"
  "  csv       a line for each record, and nothing else\n"
  "  json      facts, actors, records (a line each)",
  1,
  1,
  true,
  answer_export,
  true,
  true};

} // namespace syngrad::tools

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

result<answer> run(const trace_request& request) {
  const auto format = find_format(request.words);
  if (!format) return format.failure();
  const auto path = request.out.empty() ? request.folders.front() + "/" + (*format)->file_name : request.out;
  const auto count = (*format)->write(request.run(), request.filter, path);
  if (!count) return count.failure();
  std::error_code ignored;
  answer out;
  out.tables.push_back({"exported",
                        {{"file", "", 0}, {"records", "", 0}, {"bytes", "", 0}},
                        {{path, static_cast<std::int64_t>(*count),
                          static_cast<std::int64_t>(std::filesystem::file_size(path, ignored))}}});
  out.notes.emplace_back((*format)->use);
  return out;
}

} // namespace

const trace_command export_command{
  "export",
  "RUN perfetto|sqlite|csv|json [--out FILE]",
  "the records for other programs: Perfetto, SQLite, CSV, JSON",
  "Writes the records that pass the filters into one file, in the run's folder unless --out says where.\n\n"
  "  perfetto  for https://ui.perfetto.dev: nodes are processes, actors threads, streams tracks; a handler is a "
  "slice,\n"
  "            a message an arrow from its send to its handler; queue depth, staleness, cosine and the other measures\n"
  "            are counters\n"
  "  sqlite    tables records, actors, facts; views messages, handlers, updates, metrics, staleness\n"
  "  csv       a line for each record\n"
  "  json      facts, actors, records (a line each)",
  1,
  1,
  true,
  run};

} // namespace syngrad::tools

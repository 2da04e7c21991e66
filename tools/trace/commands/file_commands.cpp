// Commands that leave files: report, export, merge, recover.
#include "runtime/nearest_name.hpp"
#include "runtime/text.hpp"
#include "tools/trace/export/export_format.hpp"
#include "tools/trace/merge/merge_runs.hpp"
#include "tools/trace/recovery/recover_node.hpp"
#include "tools/trace/report/report.hpp"
#include "tools/trace/trace_command.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

result<answer> answer_report(const trace_request& request) {
  const auto& folder = request.folders.front();
  auto file = output_file::create(request.out.empty() ? folder + "/report.html" : request.out);
  if (!file) return file.failure().prefixed("--out: ");
  if (auto written = write_report(request.run(), request.filter, folder, *file); !written)
    return answer::failed(written.failure());
  answer out;
  out.aside = file->is_standard_output();
  out.tables.push_back(
    {"report", {{"file", "", 0}, {"size", "bytes", 0}}, {{file->path(), static_cast<std::int64_t>(file->bytes())}}});
  return out;
}

} // namespace

const trace_command report_command{"report",
                                   "RUN",
                                   "one HTML page with pictures of all of it, for any browser, without a network",
                                   "Writes RUN/report.html, or the file named by --out (- is the standard output). A "
                                   "run writes it by itself at its end.",
                                   1,
                                   1,
                                   true,
                                   answer_report,
                                   false,
                                   true};

namespace {

result<const export_format*> find_format(const std::vector<std::string>& words) {
  std::vector<std::string> names;
  for (const auto* format : export_formats()) names.emplace_back(format->name);
  const auto all = join_text(names);
  if (words.size() != 1)
    return error::setting("name one format: " + all + "; for example: syngrad trace export RUN perfetto");
  for (const auto* format : export_formats())
    if (words.front() == format->name) return format;
  return error::setting("there is no format '" + words.front() + "'" + suggest(words.front(), names, "") +
                        "; there are: " + all);
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
  if (!file) return file.failure().prefixed("--out: ");
  const auto written = (*format)->write(request.run(), request.filter, *file);
  if (!written) return answer::failed(written.failure());
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

namespace {

std::vector<cell> row_of(const merged_node& node, std::uint8_t lowest) {
  const auto microseconds = [](std::int64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::vector<cell> row{std::int64_t{node.node}, node.from, microseconds(node.offset_ns)};
  row.push_back(node.uncertainty_ns ? cell(microseconds(*node.uncertainty_ns)) : cell());
  const bool by_time_of_day = !node.uncertainty_ns;
  if (node.node == lowest)
    row.emplace_back("the clock of all");
  else
    row.emplace_back(by_time_of_day ? "time of day" : "node " + std::to_string(node.over));
  row.push_back(static_cast<std::int64_t>(node.pings));
  return row;
}

result<answer> answer_merge(const trace_request& request) {
  if (request.out.empty()) return error::setting("say where to: --out DIR");
  if (request.out == "-") return error::setting("--out: a folder cannot go to the standard output; name one");
  const auto folder = request.out + "/trace";
  const auto nodes = merge_runs(request.runs, folder, request.force);
  if (!nodes) return nodes.failure();
  answer out;
  answer_table table{"clocks",
                     {{"node", "", 0},
                      {"from", "", 0},
                      {"offset", "us", 3},
                      {"uncertainty", "us", 3},
                      {"compared_with", "", 0},
                      {"pings", "", 0}},
                     {}};
  for (const auto& node : *nodes) table.rows.push_back(row_of(node, nodes->front().node));
  out.tables.push_back(std::move(table));
  for (const auto& node : *nodes)
    if (!node.uncertainty_ns)
      out.notes.push_back(
        fmt::format("Node {} was placed by the time of day: nobody knows how wrong its times are.", node.node));
  out.notes.push_back("Merged into '" + folder + "'.");
  return out;
}

} // namespace

const trace_command merge_command{
  "merge",
  "RUN RUN... --out DIR",
  "several nodes' traces on one clock, with offsets and uncertainty",
  "Puts the traces of one run's nodes into one folder, DIR/trace, which every command reads as one run. Their clocks\n"
  "are compared by the pings that the nodes exchanged: the one with the least round trip counts. Nodes that never\n"
  "exchanged any are not merged, unless --force says that the time of day will do.\n\n"
  "  offset         of the node's clock, ahead of the lowest node's\n"
  "  uncertainty    what the offset may be wrong by, half the round trip; a sum where it is known over other nodes\n"
  "  compared_with  the node on the other side of the pings",
  2,
  256,
  true,
  answer_merge,
  false,
  true};

namespace {

namespace fs = std::filesystem;

std::vector<std::string> ring_files(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> found;
  const auto where = fs::is_directory(folder + "/trace", failure) ? folder + "/trace" : folder;
  for (const auto& entry : fs::directory_iterator(where, failure)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("node") && name.ends_with(".rings")) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

result<answer> answer_recover(const trace_request& request) {
  const auto& folder = request.folders.front();
  answer out;
  answer_table table{"recovered", {{"node", "", 0}, {"records", "", 0}, {"cut_bytes", "", 0}}, {}};
  for (const auto& path : ring_files(folder)) {
    const auto done = recover_node(path);
    if (!done) return done.failure();
    table.rows.push_back({static_cast<std::int64_t>(done->node), static_cast<std::int64_t>(done->records),
                          static_cast<std::int64_t>(done->cut_bytes)});
  }
  if (table.rows.empty())
    out.notes.emplace_back("There is nothing to recover: the run was closed in order, or recovered before.");
  out.tables.push_back(std::move(table));
  const auto now = trace_run::open(folder);
  if (!now) {
    out.notes.push_back("Nothing was recorded: " + now.message() + ".");
    return out;
  }
  for (const auto& damage : now->damage())
    out.notes.push_back(fmt::format("{}: {}, {} bytes at {}.", damage.file, damage.what, damage.bytes, damage.offset));
  out.records = now->records();
  out.lost = now->lost();
  return out;
}

} // namespace

const trace_command recover_command{
  "recover",
  "RUN",
  "the records of a killed run, from its rings",
  "A process that was killed leaves its last records in a file of rings. This appends them to the rest of the trace.\n"
  "A chunk that was being written when the process ended is cut first: its records are in the rings still. It refuses\n"
  "while the run goes on. Other commands read the rings of a killed run as well; recovered, a trace can be moved and\n"
  "merged.\n\n"
  "  records    that were in the rings only\n"
  "  cut_bytes  of the unfinished chunk",
  1,
  1,
  false,
  answer_recover};

} // namespace syngrad::tools

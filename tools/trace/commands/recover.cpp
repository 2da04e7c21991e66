#include "tools/trace/commands/commands.hpp"
#include "tools/trace/recovery/recover_node.hpp"

#include <algorithm>
#include <filesystem>

namespace syngrad::tools {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> ring_files(const std::string& folder) {
  std::error_code failure;
  std::vector<std::string> found;
  const auto place = fs::is_directory(folder + "/trace", failure) ? folder + "/trace" : folder;
  for (const auto& entry : fs::directory_iterator(place, failure)) {
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
    out.notes.push_back(damage.file + ": " + damage.what + ", " + std::to_string(damage.bytes) + " bytes at " +
                        std::to_string(damage.offset) + ".");
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

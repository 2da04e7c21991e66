#include "tools/trace/trace_command.hpp"

#include "runtime/trace/trace_vocabulary.hpp"
#include "tools/progress/text_table.hpp"
#include "tools/trace/analysis/timing_analyses.hpp"

#include <array>
#include <ctime>

namespace syngrad::tools {

namespace {

constexpr const char* info_explained =
  "What was recorded. `in rings`: records that are not on disk yet, of a run that goes on or was killed. `before the\n"
  "window`: removed on purpose by --trace flight. `lost`: what is missing against the intent: a full ring, a disk or\n"
  "limit reached, a damaged chunk. `clock uncertainty`: how far times of different nodes may be apart from the truth.\n"
  "`facts`: what the run wrote about itself. Damage is listed by file, place and size; `syngrad trace check` looks\n"
  "closer. The last lines name what took most of the time of the groups, and what may help; `util` has the numbers.";

std::string wall_clock(std::int64_t realtime_ns) {
  const auto seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
  std::tm parts{};
  char text[32] = "";
  if (!::gmtime_r(&seconds, &parts) || std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
    return "-";
  return text;
}

std::string clock_text(std::int64_t uncertainty_ns) {
  if (uncertainty_ns < 0) return "unknown; `syngrad trace merge` calibrates";
  return uncertainty_ns == 0 ? "none (one node)" : show_real(static_cast<double>(uncertainty_ns) * 1e-3, 1) + " us";
}

std::string ending(const trace_run& run) {
  if (!run.ended()) return "open: it goes on, or it was killed (`syngrad trace recover`)";
  for (const auto& file : run.files())
    if (file.recovered()) return "recovered";
  return "closed";
}

answer_table about(const trace_run& run) {
  answer_table table{"trace", {{"what", "", 0}, {"value", "", 6}}, {}};
  const auto add = [&](const char* what, cell value) { table.rows.push_back({std::string(what), std::move(value)}); };
  const auto count = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  add("nodes", count(run.nodes().size()));
  add("actors", count(run.names().actors.size()));
  add("begin", wall_clock(run.realtime_at(run.begin_ns())));
  add("span, s", static_cast<double>(run.end_ns() - run.begin_ns()) * 1e-9);
  add("end", ending(run));
  add("records", count(run.records()));
  add("lost", count(run.lost()));
  add("in rings", count(run.in_rings()));
  add("before the window", count(run.before_window()));
  add("sample", run.sample() == 1 ? std::string("every batch") : "one batch in " + std::to_string(run.sample()));
  add("bytes on disk", count(run.bytes()));
  add("clock uncertainty", clock_text(run.clock_uncertainty_ns()));
  add("damaged parts", count(run.damage().size()));
  return table;
}

bool is_for_people(const std::string& key) {
  return !key.starts_with("ring.") && !key.starts_with("unheard.") && !key.starts_with("clock.");
}

answer_table facts_of(const trace_run& run) {
  answer_table table{"facts", {{"fact", "", 0}, {"value", "", 0}}, {}};
  for (const auto& [key, value] : run.names().facts)
    if (is_for_people(key)) table.rows.push_back({key, value});
  return table;
}

answer_table kinds_of(const trace_run& run, const trace_filter& filter) {
  std::array<std::int64_t, 256> counts{};
  run.for_each(filter, [&](const trace_record& record) { ++counts[static_cast<std::uint8_t>(record.kind)]; });
  answer_table table{"records", {{"kind", "", 0}, {"records", "", 0}}, {}};
  for (std::size_t kind = 0; kind < counts.size(); ++kind)
    if (counts[kind] > 0) table.rows.push_back({std::string(name_of(static_cast<record_kind>(kind))), counts[kind]});
  return table;
}

answer_table damage_of(const trace_run& run) {
  answer_table table{"damage", {{"file", "", 0}, {"offset", "", 0}, {"length", "bytes", 0}, {"what", "", 0}}, {}};
  for (const auto& each : run.damage())
    table.rows.push_back(
      {each.file, static_cast<std::int64_t>(each.offset), static_cast<std::int64_t>(each.bytes), each.what});
  return table;
}

void add_bottlenecks(const trace_request& request, answer& out) {
  const auto measured = measure_utilisation(request.run(), request.filter);
  const auto found = find_bottlenecks(measured, request.run().names());
  out.notes.push_back(found.empty() ? "Nothing held this run up for 2 % of the time or more." : "Largest bottlenecks:");
  for (std::size_t i = 0; i < found.size(); ++i)
    out.notes.push_back("  " + std::to_string(i + 1) + ". " + found[i].text);
  if (!measured.complete)
    out.notes.push_back(
      "These are estimates: only a part of the messages is here, so waiting cannot be told from idling.");
}

result<answer> answer_info(const trace_request& request) {
  const auto& trace = request.run();
  answer out;
  out.tables.push_back(about(trace));
  if (auto facts = facts_of(trace); !facts.rows.empty()) out.tables.push_back(std::move(facts));
  out.tables.push_back(kinds_of(trace, request.filter));
  if (!trace.damage().empty()) out.tables.push_back(damage_of(trace));
  add_bottlenecks(request, out);
  return out;
}

} // namespace

const trace_command info_command{
  "info", "RUN", "what was recorded, and the three largest bottlenecks", info_explained, 1, 1, true, answer_info};

} // namespace syngrad::tools

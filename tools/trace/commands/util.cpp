#include "tools/trace/commands/commands.hpp"

#include "tools/trace/analysis/utilisation.hpp"

#include <array>
#include <cmath>

namespace syngrad::tools {

namespace {

constexpr const char* util_explained =
  "Where the time went; the shares of a row add up to 100 %. Of actors:\n"
  "  busy     in a handler\n"
  "  starved  nothing to do: no message, and it waits for an activation or a gradient\n"
  "  blocked  no message, and it may not send on before it gets a credit from above\n"
  "  ready    a message is there, but no thread is free (or none has woken up yet)\n"
  "  idle     before its first message and after its last one\n"
  "`handled` counts messages. Threads and streams are busy or idle. The bar: █ busy ▓ ready ▒ blocked ░ starved.\n"
  "In a sample, or with a filter on messages, waiting cannot be told from idling; busy is then an estimate.";

// Shares as parts of a bar, rounded so that the parts add up.
std::string bar(const activity& of) {
  constexpr int width = 24;
  const std::array<std::pair<double, const char*>, 4> parts{
    {{of.busy, "█"}, {of.ready, "▓"}, {of.blocked, "▒"}, {of.starved, "░"}}};
  std::string text;
  double until = 0;
  int drawn = 0;
  for (const auto& [share, sign] : parts) {
    until += share;
    for (; drawn < std::lround(until * width); ++drawn) text += sign;
  }
  return text + std::string(static_cast<std::size_t>(std::max(width - drawn, 0)), ' ');
}

answer_table table_of(const char* name, const std::vector<activity>& all, bool waits, bool draws) {
  answer_table table{name, {{"name", "", 0}, {"handled", "", 0}, {"busy", "share", 1}}, {}};
  if (waits)
    for (const auto* title : {"starved", "blocked", "ready"}) table.columns.push_back({title, "share", 1});
  table.columns.push_back({"idle", "share", 1});
  if (draws) table.columns.push_back({"bar", "", 0});
  for (const auto& each : all) {
    std::vector<cell> row{each.name, each.handled, each.busy};
    if (waits) row.insert(row.end(), {each.starved, each.blocked, each.ready});
    row.push_back(each.idle);
    if (draws) row.push_back(bar(each));
    table.rows.push_back(std::move(row));
  }
  return table;
}

result<answer> answer_util(const trace_request& request) {
  const auto measured = measure_utilisation(request.run(), request.filter);
  const bool draws = request.format == "table";
  answer out;
  out.tables.push_back(table_of("actors", measured.actors, measured.complete, draws));
  out.tables.push_back(table_of("threads", measured.threads, false, draws));
  if (!measured.streams.empty()) out.tables.push_back(table_of("streams", measured.streams, false, draws));
  if (!measured.complete)
    out.notes.emplace_back("Only a part of the messages is here: waiting counts as idle, and busy is an estimate.");
  else if (request.run().lost() > 0)
    out.notes.emplace_back("Records are missing, so that messages may seem to wait longer than they did: read starved, "
                           "blocked and ready with care.");
  return out;
}

} // namespace

const trace_command util_command{
  "util", "RUN",      "busy, starved, blocked, ready or idle: each actor, thread and stream", util_explained, 1, 1,
  true,   answer_util};

} // namespace syngrad::tools

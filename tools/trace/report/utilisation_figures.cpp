#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_heat_strips.hpp"
#include "tools/trace/report/svg_stacked_bars.hpp"

namespace syngrad::tools {

namespace {

constexpr const char* nothing_handled = "No actor handled a message in this trace.";

std::int64_t span_of_buckets(const utilisation& found) {
  std::size_t most = 0;
  for (const auto& actor : found.actors) most = std::max(most, actor.busy_over_time.size());
  return static_cast<std::int64_t>(most) * found.bucket_ns;
}

} // namespace

report_figure busy_over_time_figure(const utilisation& found) {
  report_figure figure;
  figure.id = "busy";
  figure.title = "Utilisation over time";
  figure.look_for =
    "A strip of strong colour all the way is an actor that works without a pause; a gap in all strips at once is "
    "everybody waiting for one. The number at the right is the mean.";
  const auto span = span_of_buckets(found);
  if (span <= 0) {
    figure.empty = nothing_handled;
    return figure;
  }
  heat_strips chart;
  chart.to = static_cast<double>(span);
  chart.x = {"time since the first record", show_nanoseconds};
  chart.note_title = "busy";
  std::vector<std::string> names;
  std::vector<std::vector<float>> series;
  for (const auto& actor : found.actors) {
    chart.strips.push_back({actor.name, actor.busy_over_time, show_share(actor.busy)});
    names.push_back(actor.name);
    series.push_back(actor.busy_over_time);
  }
  figure.legend = heat_legend("not busy", "busy half of the time", "busy all the time");
  figure.table = table_over_time("busy share", found.bucket_ns, names, series, {"", "share", 0});
  show(figure, std::move(chart));
  return figure;
}

report_figure time_shares_figure(const utilisation& found) {
  report_figure figure;
  figure.id = "shares";
  figure.title = "Where the time went";
  figure.look_for =
    "Much starved: the work below comes too slowly. Much blocked: the group above is the slow one. Much "
    "ready: messages are there, but no thread is free.";
  if (found.actors.empty()) {
    figure.empty = nothing_handled;
    return figure;
  }
  if (!found.complete)
    figure.look_for += " Only a sample of the batches was recorded: waits are not told apart from idle.";
  stacked_bars chart;
  chart.series = {
    {"busy", "busy"}, {"ready", "ready"}, {"starved", "starved"}, {"blocked", "blocked"}, {"idle", "idle"}};
  chart.full = 1;
  chart.x = {"share of the run", show_share};
  figure.table = {"shares",
                  {{"actor", "", 0},
                   {"messages", "", 0},
                   {"busy", "share", 1},
                   {"ready", "share", 1},
                   {"starved", "share", 1},
                   {"blocked", "share", 1},
                   {"idle", "share", 1}},
                  {}};
  for (const auto& actor : found.actors) {
    chart.bars.push_back({actor.name, {actor.busy, actor.ready, actor.starved, actor.blocked, actor.idle}, ""});
    figure.table.rows.push_back(
      {actor.name, actor.handled, actor.busy, actor.ready, actor.starved, actor.blocked, actor.idle});
  }
  figure.legend = {{"busy: in a handler", "busy", 1},
                   {"ready: no free thread", "ready", 1},
                   {"starved: no input", "starved", 1},
                   {"blocked: no room above", "blocked", 1},
                   {"idle: before its first or after its last message", "idle", 1}};
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools

#include "tools/trace/report/figures.hpp"

#include "tools/trace/report/svg_charts.hpp"

#include <algorithm>
#include <map>
#include <tuple>

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

namespace {

// As data flows: source, groups from below with their predictors and solvers, the coordinator, others.
std::vector<std::uint32_t> in_order(const traffic& found, const trace_names& names) {
  std::map<std::uint32_t, bool> actors;
  for (const auto& [pair, amount] : found.by_pair)
    if (amount.bytes > 0) actors[pair.first] = actors[pair.second] = true;
  std::vector<std::uint32_t> order;
  for (const auto& [actor, used] : actors) order.push_back(actor);
  const auto rank = [&](std::uint32_t id) {
    const auto known = names.actors.find(id);
    const auto actor = known == names.actors.end() ? trace_names::actor{} : known->second;
    const bool of_group =
      actor.role == actor_role::group || actor.role == actor_role::predictor || actor.role == actor_role::solver;
    const int kind = actor.role == actor_role::source ? 0 : of_group ? 1 : actor.role == actor_role::other ? 3 : 2;
    return std::tuple(kind, actor.index, actor.role, id);
  };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return rank(a) < rank(b); });
  return order;
}

} // namespace

report_figure traffic_figure(const traffic& found, const trace_names& names) {
  report_figure figure;
  figure.id = "bytes";
  figure.title = "Bytes between actors";
  figure.look_for =
    "The strongest cells are the links that a slow network would feel first: activations go up, gradients come "
    "down, each group asks its own predictor.";
  const auto order = in_order(found, names);
  if (order.empty()) {
    figure.empty = "No message of this trace carried tensors.";
    return figure;
  }
  matrix_chart chart;
  chart.row_title = "from";
  chart.column_title = "to";
  chart.show = show_bytes;
  chart.values.assign(order.size(), std::vector<double>(order.size(), 0));
  figure.table = {
    "bytes",
    {{"from", "", 0}, {"to", "", 0}, {"messages", "", 0}, {"bytes", "", 0}, {"bytes_a_" + found.unit.one, "", 1}},
    {}};
  std::map<std::uint32_t, std::size_t> at;
  for (const auto actor : order) {
    at[actor] = chart.names.size();
    chart.names.push_back(names.title_of(actor));
  }
  for (const auto& [pair, amount] : found.by_pair) {
    if (amount.bytes <= 0) continue;
    chart.values[at[pair.first]][at[pair.second]] = static_cast<double>(amount.bytes);
    const auto of_one = static_cast<double>(amount.training_bytes) / static_cast<double>(found.counted);
    figure.table.rows.push_back({names.title_of(pair.first), names.title_of(pair.second), amount.messages, amount.bytes,
                                 found.counted > 0 ? cell(of_one) : cell()});
  }
  figure.legend = {
    {"nothing", "track", 1}, {"least", "heat", shade_of(1, 1, 2)}, {"most (shades are logarithmic)", "heat", 1}};
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools

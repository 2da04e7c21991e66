#include "tools/trace/report/figures.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/report/svg_charts.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace syngrad::tools {

namespace {

using named_shares = std::vector<std::pair<std::string, double>>;

constexpr std::size_t most_actors = 8; // the others share a bar

// The largest first; what is left over is one bar.
named_shares largest_of(named_shares shares) {
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (shares.size() <= most_actors + 1) return shares;
  double rest = 0;
  for (auto i = most_actors; i < shares.size(); ++i) rest += shares[i].second;
  const auto others = fmt::format("{} others", shares.size() - most_actors);
  shares.resize(most_actors);
  shares.emplace_back(others, rest);
  return shares;
}

void show_shares(report_figure& figure, const result<critical_path>& found, const named_shares& shares,
                 const chart_series& series, const char* column) {
  figure.half = true;
  stacked_bars chart;
  chart.series = {series};
  chart.x = {"share of the critical path", show_share};
  figure.table = {"path", {{column, "", 0}, {"share", "share", 1}, {"time", "ms", 2}}, {}};
  for (const auto& [name, share] : shares) {
    chart.bars.push_back({name, {share}, show_share(share)});
    figure.table.rows.push_back({name, share, share * static_cast<double>(found->span_ns) * 1e-6});
  }
  figure.legend = legend_of(chart.series);
  show(figure, std::move(chart));
}

void find_empty(report_figure& figure, const result<critical_path>& found) {
  figure.half = true;
  if (!found)
    figure.empty = "No critical path: " + found.message() + ".";
  else if (found->steps.empty() || found->by_category.empty())
    figure.empty = "No critical path: no message was handled in this trace.";
}

} // namespace

report_figure path_by_category_figure(const result<critical_path>& found) {
  report_figure figure;
  figure.id = "path-category";
  figure.title = "Critical path by category";
  figure.look_for =
    "Compute is work that only faster code shortens; queue is waiting for a thread, actor is waiting for an "
    "actor that was busy with other messages.";
  find_empty(figure, found);
  if (figure.empty.empty())
    show_shares(figure, found, found->by_category, {"share of the time from the first to the last event", "busy"},
                "category");
  return figure;
}

report_figure path_by_actor_figure(const result<critical_path>& found) {
  report_figure figure;
  figure.id = "path-actor";
  figure.title = "Critical path by actor";
  figure.look_for =
    "The longest bar is the actor to make faster: a millisecond saved elsewhere does not end the run sooner.";
  find_empty(figure, found);
  if (!figure.empty.empty()) return figure;
  show_shares(figure, found, largest_of(found->by_actor),
              {"share of the time from the first to the last event", "series-2"}, "actor");
  return figure;
}

namespace {

std::string verdict(const lock_replay& replay) {
  if (!(replay.measured_ns > 0)) return "";
  const auto ratio = replay.locked_ns / replay.measured_ns;
  return " Here backpropagation would have taken " + show_real(ratio, 2) + " times as long: " +
         (replay.avoided_ns() >= 0 ? show_nanoseconds(replay.avoided_ns()) + " of update lock avoided in each batch."
                                   : show_nanoseconds(-replay.avoided_ns()) + " less in each batch.");
}

} // namespace

report_figure lock_figure(const result<lock_replay>& found) {
  report_figure figure;
  figure.id = "locks";
  figure.title = "Locked against decoupled";
  figure.look_for =
    "The upper bar is this run; the lower one replays its measured durations with one batch in flight, as "
    "backpropagation would. What the lower bar is longer is update lock that was avoided.";
  if (!found) {
    figure.empty = "Nothing to replay: " + found.message() + ".";
    return figure;
  }
  const auto& replay = *found;
  double forward = 0, backward = 0;
  figure.table = {"durations", {{"group", "", 0}, {"forward", "µs", 1}, {"backward_and_update", "µs", 1}}, {}};
  for (const auto& group : replay.groups) {
    forward += group.forward_ns;
    backward += group.backward_ns;
    figure.table.rows.push_back({group.name, group.forward_ns * 1e-3, group.backward_ns * 1e-3});
  }
  const auto rest = std::max(0.0, replay.locked_ns - forward - backward);
  figure.table.rows.push_back({std::string("this run, a batch"), cell(), replay.measured_ns * 1e-3});
  figure.table.rows.push_back({std::string("replayed, a batch"), forward * 1e-3, backward * 1e-3});
  stacked_bars chart;
  chart.series = {{"this run, measured", "busy"},
                  {"replay: forward", "series-2"},
                  {"replay: backward and update", "series-7"},
                  {"replay: making the batch, and messages", "idle"}};
  chart.bars = {{"decoupled", {replay.measured_ns, 0, 0, 0}, show_nanoseconds(replay.measured_ns)},
                {"locked", {0, forward, backward, rest}, show_nanoseconds(replay.locked_ns)}};
  chart.x = {"time for a batch", show_nanoseconds};
  figure.look_for += verdict(replay);
  if (replay.has_device_work) figure.look_for += " Work on devices is not in the replay.";
  figure.legend = legend_of(chart.series);
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools

#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_stacked_bars.hpp"

#include "tools/progress/text_table.hpp"

#include <algorithm>

namespace syngrad::tools {

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

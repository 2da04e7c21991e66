#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_heat_strips.hpp"

#include "tools/progress/text_table.hpp"

#include <algorithm>

namespace syngrad::tools {

report_figure queue_figure(const queue_depths& found) {
  report_figure figure;
  figure.id = "queues";
  figure.title = "Queue depth over time";
  figure.look_for =
    "A strip that keeps its strong colour is an actor that others wait for; one that gets stronger falls behind. The "
    "number at the right is the mean depth.";
  heat_strips chart;
  double deepest = 0;
  std::size_t buckets = 0;
  std::vector<std::string> names;
  std::vector<std::vector<float>> series;
  for (const auto& queue : found.actors) {
    if (queue.arrivals == 0) continue;
    chart.strips.push_back({queue.name, queue.over_time, show_real(queue.mean_depth, 2)});
    for (const auto depth : queue.over_time) deepest = std::max(deepest, static_cast<double>(depth));
    buckets = std::max(buckets, queue.over_time.size());
    names.push_back(queue.name);
    series.push_back(queue.over_time);
  }
  if (chart.strips.empty()) {
    figure.empty = "No message arrived in this trace.";
    return figure;
  }
  chart.full = round_up(deepest);
  chart.to = static_cast<double>(buckets) * static_cast<double>(found.bucket_ns);
  chart.x = {"time since the first record", show_nanoseconds};
  chart.note_title = "mean";
  figure.legend =
    heat_legend("no message waits", show_number(chart.full / 2) + " wait", show_number(chart.full) + " wait");
  figure.table = table_over_time("messages that wait", found.bucket_ns, names, series, {"", "", 2});
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools

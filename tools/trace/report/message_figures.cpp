#include "tools/trace/report/figures.hpp"

#include "tools/progress/text_table.hpp"
#include "tools/trace/report/svg_charts.hpp"

#include <algorithm>
#include <set>

namespace syngrad::tools {

namespace {

constexpr std::size_t most_types = 12; // in the picture

spread spread_of(const log_histogram& values) {
  return {values.quantile(0.5), values.quantile(0.9), values.quantile(0.99), values.quantile(0.999)};
}

// The types that took the most time in all, waiting and handled: what else there was is in the table.
std::set<trace_message> weightiest(const latencies& found) {
  std::vector<std::pair<double, trace_message>> times;
  for (const auto& [type, parts] : found.by_type) {
    double time = 0;
    for (const auto* part : {&parts.wire, &parts.queue, &parts.handler, &parts.device})
      time += part->mean() * static_cast<double>(part->count());
    times.emplace_back(-time, type);
  }
  std::sort(times.begin(), times.end());
  if (times.size() > most_types) times.resize(most_types);
  std::set<trace_message> chosen;
  for (const auto& [time, type] : times) chosen.insert(type);
  return chosen;
}

void add_row(answer_table& table, const std::string& type, const std::string& part, const log_histogram& values) {
  const auto spread = spread_of(values);
  table.rows.push_back({type, part, values.count(), spread.p50 * 1e-3, spread.p90 * 1e-3, spread.p99 * 1e-3,
                        spread.p999 * 1e-3, static_cast<double>(values.largest()) * 1e-3});
}

} // namespace

report_figure latency_figure(const latencies& found) {
  report_figure figure;
  figure.id = "latency";
  figure.title = "Latency of messages";
  figure.look_for =
    "Where the queue's range lies far to the right of the handler's, messages wait longer than they take; "
    "long tails are rare, but decide when the last actor gets its input.";
  range_chart chart;
  chart.series = {{"wire", "wire"}, {"queue", "queue"}, {"handler", "busy"}, {"device", "device"}};
  chart.x = {"time, on a logarithmic axis", show_nanoseconds};
  chart.least = 100;
  figure.table = {"latency",
                  {{"message", "", 0},
                   {"part", "", 0},
                   {"count", "", 0},
                   {"p50", "µs", 1},
                   {"p90", "µs", 1},
                   {"p99", "µs", 1},
                   {"p99.9", "µs", 1},
                   {"largest", "µs", 1}},
                  {}};
  const auto shown = weightiest(found);
  std::vector<bool> used(chart.series.size(), false);
  for (const auto& [type, parts] : found.by_type) {
    range_chart::row row{std::string(name_of(type)), {}};
    std::replace(row.name.begin(), row.name.end(), '_', ' ');
    const log_histogram* histograms[] = {&parts.wire, &parts.queue, &parts.handler, &parts.device};
    for (std::size_t i = 0; i < chart.series.size(); ++i) {
      if (histograms[i]->count() == 0) continue;
      used[i] = true;
      row.parts.push_back({i, spread_of(*histograms[i])});
      add_row(figure.table, row.name, chart.series[i].name, *histograms[i]);
    }
    if (!row.parts.empty() && shown.contains(type)) chart.rows.push_back(std::move(row));
  }
  if (chart.rows.empty()) {
    figure.empty = "No message was both sent and handled in this trace.";
    return figure;
  }
  if (found.by_type.size() > most_types)
    figure.look_for +=
      " Shown are the " + std::to_string(most_types) + " types that took the most time; the numbers have all.";
  static constexpr const char* meanings[] = {"wire: between nodes", "queue: sent, not yet begun",
                                             "handler: begin to end", "device: after the handler"};
  for (std::size_t i = 0; i < chart.series.size(); ++i)
    if (used[i]) figure.legend.push_back({meanings[i], chart.series[i].css_class, 1});
  figure.legend.push_back({"dot: median; thick to p90, thin to p99, hair line to p99.9", "", 1});
  show(figure, std::move(chart));
  return figure;
}

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

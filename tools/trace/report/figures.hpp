// The report's pictures, each from one analysis. Where an analysis found nothing, the figure says why.
#pragma once

#include "tools/trace/answer.hpp"
#include "tools/trace/report/chart.hpp"
#include "tools/trace/report/report.hpp"

#include <functional>
#include <string>
#include <vector>

namespace syngrad::tools {

// One picture of the report with what belongs to it: what to look for, a legend, and the numbers as a table.

struct legend_entry {
  std::string name, css_class;
  double strength = 1; // of the heat colour
};

struct report_figure {
  std::string id;       // unique in the page, letters and hyphens
  std::string title;    // "Where the time went"
  std::string look_for; // a sentence or two
  std::string empty;    // why there is no picture; empty: there is one
  bool half = false;    // on a wide screen beside its neighbour
  std::vector<legend_entry> legend;
  std::function<std::string(const chart_frame&)> draw;
  answer_table table;
};

// `draw`s a chart that is plain data.
template <class Chart>
void show(report_figure& figure, Chart chart) {
  figure.draw = [chart = std::move(chart)](const chart_frame& frame) { return draw(chart, frame); };
}

std::vector<legend_entry> legend_of(const std::vector<chart_series>&);
// From nothing to `full`, in the heat colour.
std::vector<legend_entry> heat_legend(const std::string& none, const std::string& half, const std::string& full);

// A series over time as rows of a table: the first column is the time since the start, in ms.
answer_table table_over_time(const std::string& name, std::int64_t bucket_ns, const std::vector<std::string>& names,
                             const std::vector<std::vector<float>>& series, const answer_column& like);

report_figure busy_over_time_figure(const utilisation&);
report_figure time_shares_figure(const utilisation&);
report_figure latency_figure(const latencies&);
report_figure queue_figure(const queue_depths&);
report_figure staleness_histogram_figure(const staleness_result&);
report_figure staleness_over_time_figure(const staleness_result&);
report_figure cosine_figure(const gradient_qualities&);
report_figure prediction_size_figure(const gradient_qualities&);
report_figure activation_size_figure(const gradient_qualities&);
report_figure gate_figure(const gradient_qualities&);
report_figure traffic_figure(const traffic&, const trace_names&);
report_figure path_by_category_figure(const result<critical_path>&);
report_figure path_by_actor_figure(const result<critical_path>&);
report_figure lock_figure(const result<lock_replay>&);

// In the order of the page.
std::vector<report_figure> report_figures(const report_data&);

} // namespace syngrad::tools

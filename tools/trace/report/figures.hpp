// The report's pictures, each from one analysis. Where an analysis found nothing, the figure says why.
#pragma once

#include "tools/trace/report/report_data.hpp"
#include "tools/trace/report/report_figure.hpp"

namespace syngrad::tools {

report_figure busy_over_time_figure(const utilisation&);
report_figure time_shares_figure(const utilisation&);
report_figure latency_figure(const latencies&);
report_figure queue_figure(const queue_depths&);
report_figure staleness_histogram_figure(const staleness_result&);
report_figure staleness_over_time_figure(const staleness_result&);
report_figure cosine_figure(const gradient_qualities&);
report_figure traffic_figure(const traffic&, const trace_names&);
report_figure path_by_category_figure(const result<critical_path>&);
report_figure path_by_actor_figure(const result<critical_path>&);
report_figure lock_figure(const result<lock_replay>&);

// In the order of the page.
std::vector<report_figure> report_figures(const report_data&);

} // namespace syngrad::tools

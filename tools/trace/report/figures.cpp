#include "tools/trace/report/figures.hpp"

namespace syngrad::tools {

std::vector<report_figure> report_figures(const report_data& data) {
  return {busy_over_time_figure(data.times),
          time_shares_figure(data.times),
          path_by_category_figure(data.path),
          path_by_actor_figure(data.path),
          lock_figure(data.locks),
          latency_figure(data.latency),
          queue_figure(data.queues),
          staleness_histogram_figure(data.staleness),
          staleness_over_time_figure(data.staleness),
          cosine_figure(data.gradients),
          traffic_figure(data.bytes, data.names)};
}

} // namespace syngrad::tools

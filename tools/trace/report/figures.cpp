#include "tools/trace/report/figures.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

std::vector<legend_entry> legend_of(const std::vector<chart_series>& series) {
  std::vector<legend_entry> legend;
  for (const auto& [name, css_class] : series) legend.push_back({name, css_class, 1});
  return legend;
}

std::vector<legend_entry> heat_legend(const std::string& none, const std::string& half, const std::string& full) {
  return {{none, "track", 1}, {half, "heat", 0.5}, {full, "heat", 1}};
}

answer_table table_over_time(const std::string& name, std::int64_t bucket_ns, const std::vector<std::string>& names,
                             const std::vector<std::vector<float>>& series, const answer_column& like) {
  answer_table table{name, {{"from", "ms", 1}}, {}};
  std::size_t buckets = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    table.columns.push_back({names[i], like.unit, like.decimals});
    buckets = std::max(buckets, series[i].size());
  }
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    std::vector<cell> row{static_cast<double>(bucket) * static_cast<double>(bucket_ns) * 1e-6};
    for (const auto& values : series) {
      if (bucket < values.size() && std::isfinite(values[bucket]))
        row.emplace_back(static_cast<double>(values[bucket]));
      else
        row.emplace_back();
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<report_figure> report_figures(const report_data& data) {
  std::vector<report_figure> out{busy_over_time_figure(data.times),
                                 time_shares_figure(data.times),
                                 path_by_category_figure(data.path),
                                 path_by_actor_figure(data.path),
                                 lock_figure(data.locks),
                                 latency_figure(data.latency),
                                 queue_figure(data.queues),
                                 staleness_histogram_figure(data.staleness),
                                 staleness_over_time_figure(data.staleness),
                                 cosine_figure(data.gradients),
                                 prediction_size_figure(data.gradients),
                                 activation_size_figure(data.gradients),
                                 traffic_figure(data.bytes, data.names)};
  // Few runs have a gate: the others' pages do not speak of it.
  if (auto gate = gate_figure(data.gradients); gate.draw) out.insert(out.end() - 1, std::move(gate));
  return out;
}

} // namespace syngrad::tools

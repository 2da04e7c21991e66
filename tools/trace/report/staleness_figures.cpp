#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_columns.hpp"
#include "tools/trace/report/svg_line_chart.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

namespace {

constexpr const char* no_updates = "No update of weights was measured in this trace.";
constexpr std::int64_t most_columns = 24; // older ones share the last column

std::vector<chart_series> series_of(const staleness_result& found) {
  std::vector<chart_series> series;
  for (const auto& group : found.groups)
    series.push_back({group.name, series_class(series.size(), found.groups.size())});
  return series;
}

std::int64_t largest_of(const staleness_result& found) {
  std::int64_t largest = -1;
  for (const auto& group : found.groups)
    if (!group.versions.empty()) largest = std::max(largest, group.versions.rbegin()->first);
  return largest;
}

} // namespace

report_figure staleness_histogram_figure(const staleness_result& found) {
  report_figure figure;
  figure.id = "staleness";
  figure.title = "Gradient staleness";
  figure.look_for =
    "0: the weights had not moved since the forward pass, as in backpropagation. The farther to the right, "
    "the older the gradients that were applied.";
  figure.half = true;
  const auto largest = largest_of(found);
  if (largest < 0) {
    figure.empty = no_updates;
    return figure;
  }
  stacked_columns chart;
  chart.series = series_of(found);
  chart.y = {"updates", show_number};
  chart.x_title = "weight versions between forward pass and update";
  figure.table = {"updates", {{"versions", "", 0}}, {}};
  for (const auto& group : found.groups) figure.table.columns.push_back({group.name, "", 0});
  const auto last = std::min(largest, most_columns - 1);
  for (std::int64_t versions = 0; versions <= last; ++versions) {
    const bool and_more = versions == last && largest > last;
    stacked_columns::column column{std::to_string(versions) + (and_more ? "+" : ""), {}};
    std::vector<cell> row{column.name};
    for (const auto& group : found.groups) {
      std::int64_t updates = 0;
      for (auto at = group.versions.lower_bound(versions);
           at != group.versions.end() && (and_more || at->first == versions); ++at)
        updates += at->second;
      column.parts.push_back(static_cast<double>(updates));
      row.emplace_back(updates);
    }
    chart.columns.push_back(std::move(column));
    figure.table.rows.push_back(std::move(row));
  }
  figure.legend = legend_of(chart.series);
  show(figure, std::move(chart));
  return figure;
}

report_figure staleness_over_time_figure(const staleness_result& found) {
  report_figure figure;
  figure.id = "staleness-time";
  figure.title = "Staleness over time";
  figure.look_for =
    "Level lines are a steady pipeline; a line that climbs belongs to a group whose gradients come later "
    "and later.";
  figure.half = true;
  line_chart chart;
  const auto series = series_of(found);
  double largest = 0;
  std::size_t buckets = 0;
  bool any = false;
  std::vector<std::string> names;
  std::vector<std::vector<float>> values;
  for (std::size_t i = 0; i < found.groups.size(); ++i) {
    const auto& group = found.groups[i];
    chart.lines.push_back({series[i], group.versions_over_time});
    buckets = std::max(buckets, group.versions_over_time.size());
    for (const auto value : group.versions_over_time)
      if (std::isfinite(value)) any = true, largest = std::max(largest, static_cast<double>(value));
    names.push_back(group.name);
    values.push_back(group.versions_over_time);
  }
  if (!any) {
    figure.empty = no_updates;
    return figure;
  }
  chart.x_to = static_cast<double>(buckets) * static_cast<double>(found.bucket_ns);
  chart.y_to = round_up(largest);
  chart.x = {"time since the first record", show_nanoseconds};
  chart.y = {"mean staleness, versions", show_number};
  figure.legend = legend_of(series);
  figure.table = table_over_time("staleness", found.bucket_ns, names, values, {"", "versions", 2});
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools

#include "tools/trace/report/figures.hpp"

#include "tools/trace/report/svg_charts.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/core.h>

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

namespace {

std::string name_of_interface(std::uint16_t interface) {
  return fmt::format("interface {}", interface);
}

std::string suspicion(const gradient_qualities& found) {
  std::string names;
  for (const auto& one : found.interfaces)
    if (one.suspicious) names += (names.empty() ? "" : ", ") + name_of_interface(one.interface);
  return names.empty() ? "" : " At or below zero at the end of this run: " + names + ".";
}

bool any_of(const std::vector<float>& values) {
  return std::any_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

struct named_lines {
  line_chart chart;
  std::vector<std::string> names;
  std::vector<std::vector<float>> values;

  void add(const chart_series& series, const std::vector<float>& over_time, bool joined) {
    chart.lines.push_back({series, over_time, joined});
    names.push_back(series.name);
    values.push_back(over_time);
  }
};

// A line for each interface, and in its colour a dot where batches were audited.
named_lines lines_of(const gradient_qualities& found) {
  named_lines lines;
  for (std::size_t i = 0; i < found.interfaces.size(); ++i) {
    const auto& one = found.interfaces[i];
    const auto css_class = series_class(i, found.interfaces.size());
    const auto name = name_of_interface(one.interface);
    if (any_of(one.cosine.over_time)) lines.add({name, css_class}, one.cosine.over_time, true);
    if (any_of(one.audit_cosine.over_time))
      lines.add({name + ", audited", css_class}, one.audit_cosine.over_time, false);
  }
  return lines;
}

double least_of(const std::vector<std::vector<float>>& values) {
  double least = 0;
  for (const auto& series : values)
    for (const auto value : series)
      if (std::isfinite(value)) least = std::min(least, static_cast<double>(value));
  return least;
}

} // namespace

report_figure cosine_figure(const gradient_qualities& found) {
  report_figure figure;
  figure.id = "cosine";
  figure.title = "Cosine of predictions";
  figure.look_for = "Of the predicted with the received gradient. Above 0 a prediction moves the weights the way the "
                    "real gradient would have; a line at or below 0 is an interface whose predictor does harm." +
                    suspicion(found);
  auto [chart, names, values] = lines_of(found);
  if (names.empty()) {
    figure.empty = "No predictions in this run, so there is nothing to compare.";
    return figure;
  }
  bool audited = false;
  for (const auto& line : chart.lines) {
    if (line.joined) figure.legend.push_back({line.series.name, line.series.css_class, 1});
    audited = audited || !line.joined;
  }
  if (audited) figure.legend.push_back({"dots: with the true gradient, of audited batches", "", 1});
  chart.x_to = static_cast<double>(values.front().size()) * static_cast<double>(found.bucket_ns);
  const auto least = least_of(values);
  chart.y_from = least < -0.25 ? -1 : least < 0 ? -0.25 : 0;
  chart.x = {"time since the first record", show_nanoseconds};
  chart.y = {"mean cosine, -1 to 1", show_number};
  chart.zero_line = true;
  figure.table = table_over_time("cosine", found.bucket_ns, names, values, {"", "", 3});
  show(figure, std::move(chart));
  return figure;
}

namespace {

// Sizes on a logarithmic axis, in whole powers of ten and with at least one around 1.
report_figure size_figure(const gradient_qualities& found, quality_series gradient_quality::*which,
                          const std::string& title) {
  report_figure figure;
  figure.half = true;
  named_lines lines;
  double least = 1, largest = 1;
  for (std::size_t i = 0; i < found.interfaces.size(); ++i) {
    const auto& one = found.interfaces[i];
    const auto& values = (one.*which).over_time;
    if (!any_of(values)) continue;
    lines.add({name_of_interface(one.interface), series_class(i, found.interfaces.size())}, values, true);
    for (const auto value : values) {
      if (!(std::isfinite(value) && value > 0)) continue;
      least = std::min(least, static_cast<double>(value));
      largest = std::max(largest, static_cast<double>(value));
    }
  }
  if (lines.names.empty()) return figure;
  auto& chart = lines.chart;
  for (const auto& line : chart.lines) figure.legend.push_back({line.series.name, line.series.css_class, 1});
  chart.logarithmic = true;
  chart.y_from = std::pow(10.0, std::floor(std::log10(least)) - (least == 1 ? 1 : 0));
  chart.y_to = std::pow(10.0, std::ceil(std::log10(largest)) + (largest == 1 ? 1 : 0));
  chart.x_to = static_cast<double>(lines.values.front().size()) * static_cast<double>(found.bucket_ns);
  chart.x = {"time since the first record", show_nanoseconds};
  chart.y = {title, show_number};
  figure.table = table_over_time("size", found.bucket_ns, lines.names, lines.values, {"", "", 4});
  show(figure, std::move(chart));
  return figure;
}

} // namespace

report_figure prediction_size_figure(const gradient_qualities& found) {
  auto figure = size_figure(found, &gradient_quality::norm_ratio, "mean |predicted| / |received|");
  figure.id = "prediction-size";
  figure.title = "Size of predictions";
  figure.look_for =
    "1: as large as the gradients received. Far below, a group hardly learns; far above, it is thrown off.";
  std::string names;
  for (const auto& one : found.interfaces)
    if (one.sizes.what != interface_fault::kind::none)
      names +=
        (names.empty() ? "" : ", ") + fmt::format("{} (batch {})", name_of_interface(one.interface), one.sizes.step);
  if (!names.empty())
    figure.look_for += fmt::format(" Beyond {} to {} in this run: {}.", least_norm_ratio, largest_norm_ratio, names);
  if (!figure.draw) figure.empty = "No predictions in this run, so there is nothing to compare.";
  return figure;
}

report_figure activation_size_figure(const gradient_qualities& found) {
  auto figure = size_figure(found, &gradient_quality::activation_rms, "mean |h|, root mean square");
  figure.id = "activation-size";
  figure.title = "Size of activations";
  figure.look_for =
    "Of what groups send up. A line that keeps climbing, or falls towards zero, is a network on its way to "
    "numbers that are no use.";
  if (!figure.draw) figure.empty = "No activation between groups was measured in this trace.";
  return figure;
}

} // namespace syngrad::tools

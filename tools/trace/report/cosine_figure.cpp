#include "tools/trace/report/figures.hpp"
#include "tools/trace/report/svg_line_chart.hpp"

#include <algorithm>
#include <cmath>

namespace syngrad::tools {

namespace {

std::string name_of_interface(std::uint16_t interface) {
  return "interface " + std::to_string(interface);
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

} // namespace syngrad::tools

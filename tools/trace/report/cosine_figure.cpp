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

} // namespace

report_figure cosine_figure(const gradient_qualities& found) {
  report_figure figure;
  figure.id = "cosine";
  figure.title = "Cosine of predictions";
  figure.look_for = "Of the predicted with the received gradient. Above 0 a prediction moves the weights the way the "
                    "real gradient would have; a line at or below 0 is "
                    "an interface whose predictor does harm." +
                    suspicion(found);
  figure.command = "gradients";
  line_chart chart;
  double least = 0;
  std::size_t buckets = 0;
  bool any = false;
  std::vector<std::string> names;
  std::vector<std::vector<float>> values;
  for (const auto& one : found.interfaces) {
    const auto& series = one.cosine.over_time;
    const auto name = name_of_interface(one.interface);
    chart.lines.push_back({{name, series_class(chart.lines.size(), found.interfaces.size())}, series});
    buckets = std::max(buckets, series.size());
    for (const auto value : series)
      if (std::isfinite(value)) any = true, least = std::min(least, static_cast<double>(value));
    figure.legend.push_back({name, chart.lines.back().series.css_class, 1});
    names.push_back(name);
    values.push_back(series);
  }
  if (!any) {
    figure.legend.clear();
    figure.empty = "No predictions in this run, so there is nothing to compare.";
    return figure;
  }
  chart.x_to = static_cast<double>(buckets) * static_cast<double>(found.bucket_ns);
  chart.y_from = least < -0.25 ? -1 : least < 0 ? -0.25 : 0;
  chart.x = {"time since the first record", show_nanoseconds};
  chart.y = {"mean cosine, -1 to 1", show_number};
  chart.zero_line = true;
  figure.table = table_over_time("cosine", found.bucket_ns, names, values, {"", "", 3});
  show(figure, std::move(chart));
  return figure;
}

} // namespace syngrad::tools
